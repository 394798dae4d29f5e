"""Coatcheck on one machine: its roles, when they are ready, and what the person at the terminal is told."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jobs.masking import without_password
from jobs.settings import Settings
from stack.access import access_line
from stack.address import Address, usable_address
from stack.data_dir import DataDir, locked, runtime_dir, telling_redis
from stack.errors import RedisNotReady
from stack.guard import Guard
from stack.redis_server import RedisAddress, answers, find_server, server_command
from stack.stages import Stage, run
from stack.supervisor import Role

#: How long the embedded Redis may load its file, seconds.
_REDIS_DEADLINE = 300.0

#: How long API and worker may take to be ready, seconds.
_DEADLINE = 60.0

#: How long Redis and the API may take to stop, seconds.
_GRACE = 10.0

#: How much longer than its running jobs a stopping worker gets, so that it can hand them back, seconds.
_HAND_BACK = 3.0

#: What the first request that one may try submits.
_EXAMPLE = '{"data": {"builtin": "iris"}}'

#: What it needs beside where keys are asked for.
_KEY = ' -H "Authorization: Bearer $COATCHECK_API_KEY"'

#: How long an answer about readiness may take, seconds.
_ANSWER = 3.0

_WELCOME = """
Coatcheck is ready at {url}
  {access}
  Data: {data_dir}   Redis: {redis}
  Catalog: {url}/analysis   API description: {url}/openapi.json
{flower}Try:
  curl -sS -X POST {url}/analysis/describe/run{key} -H 'Content-Type: application/json' -d '{example}'
Ctrl-C stops everything.
"""


def serve(settings: Settings, *, redis_url: str | None, with_flower: bool = False) -> None:
    """Run everything until a stop is asked for; ``redis_url`` names a Redis of one's own, ``None`` starts one.

    Raises:
        StackError: it could not start; one line, and nothing was left running.

    """
    data_dir = DataDir(Path(settings.data_dir).absolute())
    data_dir.make()
    with locked(data_dir) as lock, runtime_dir() as sockets:
        address = usable_address(settings.host, settings.port)
        plan = _Plan(
            settings=settings,
            address=address,
            data_dir=data_dir,
            sockets=sockets,
            redis_url=redis_url,
            with_flower=with_flower,
        )
        stages = plan.stages()
        guard = Guard(lock=lock, runtime_dir=sockets)
        try:
            with telling_redis(data_dir, None if redis_url else plan.private_redis.url):
                asyncio.run(run(stages, runtime_dir=sockets, guard=guard, announce=plan.announce))
        finally:
            guard.dismiss()
    print("Stopped.", flush=True)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    settings: Settings
    address: Address
    data_dir: DataDir
    #: The private folder for sockets.
    sockets: Path
    redis_url: str | None
    #: Whether Flower runs beside.
    with_flower: bool

    @property
    def private_redis(self) -> RedisAddress:
        return RedisAddress(socket=self.sockets / "redis.sock")

    @property
    def url_of_redis(self) -> str:
        return self.redis_url or self.private_redis.url

    def stages(self) -> tuple[Stage, ...]:
        # Stopped in reverse: the worker first, so that what its last jobs leave to do is still taken on.
        beside = (self._flower(),) if self.with_flower else ()
        roles = (*beside, self._api(), self._internal(), self._worker())
        service = Stage(roles=roles, ready=self._service_missing, deadline=_DEADLINE)
        if self.redis_url is None:
            return (Stage(roles=(self._redis(),), ready=self._redis_missing, deadline=_REDIS_DEADLINE), service)
        missing = answers(self.redis_url)
        if missing is not None:
            raise RedisNotReady(f"Redis at {without_password(self.redis_url)} does not answer: {missing}")
        return (service,)

    def announce(self) -> None:
        welcome = _WELCOME.format(
            url=self.address.url,
            access=access_line(self.settings, self.address, redis_url=self.url_of_redis, data_dir=self.data_dir),
            data_dir=self.data_dir.root,
            redis=without_password(self.redis_url) if self.redis_url else "embedded",
            key="" if self.settings.open else _KEY,
            example=_EXAMPLE,
            flower=self._flower_line() if self.with_flower else "",
        )
        print(welcome, flush=True)

    def _flower_line(self) -> str:
        at = Address(host=self.settings.flower_host, port=self.settings.flower_port)
        return f"  Flower: {at.url}{self.settings.flower_prefix}/\n"

    def _redis(self) -> Role:
        command = server_command(find_server(), self.private_redis, data_dir=self.data_dir.redis)
        return Role(name="redis", command=command, environment=dict(os.environ), grace=_GRACE)

    def _api(self) -> Role:
        command = _coatcheck("api", "--host", self.address.host, "--port", str(self.address.port))
        grace = min(_GRACE, self.settings.stop_grace)
        return Role(name="api", command=command, environment=self._environment(), grace=grace)

    def _worker(self) -> Role:
        command = _coatcheck("worker", "--concurrency", str(self.settings.concurrency))
        grace = self.settings.stop_grace + _HAND_BACK
        return Role(name="worker", command=command, environment=self._environment(), grace=grace)

    def _internal(self) -> Role:
        command = _coatcheck("worker", "--internal", "--concurrency", str(self.settings.internal_concurrency))
        grace = self.settings.stop_grace + _HAND_BACK
        return Role(name="internal", command=command, environment=self._environment(), grace=grace)

    def _flower(self) -> Role:
        return Role(name="flower", command=_coatcheck("flower"), environment=self._environment(), grace=_GRACE)

    def _environment(self) -> Mapping[str, str]:
        ours = {
            "COATCHECK_REDIS_URL": self.url_of_redis,
            "COATCHECK_DATA_DIR": str(self.data_dir.root),
            "COATCHECK_OPEN": str(self.settings.open),
        }
        # Through a pipe, Python would keep its output back until a buffer is full.
        return {**os.environ, **ours, "PYTHONUNBUFFERED": "1"}

    async def _redis_missing(self) -> str | None:
        reason = answers(self.url_of_redis)
        return reason and f"Redis does not answer yet: {reason}"

    async def _service_missing(self) -> str | None:
        try:
            status, answer = await asyncio.wait_for(self._readyz(), _ANSWER)
        except (OSError, ValueError, TimeoutError) as error:
            return f"the API does not answer yet ({error or 'no answer'})"
        if status != 200:
            return f"the API is not ready: {answer.get('detail', status)}"
        return None if answer.get("workers") else "no worker has reported yet"

    async def _readyz(self) -> tuple[int, dict[str, object]]:
        reader, writer = await asyncio.open_connection(self.address.local_host, self.address.port)
        try:
            # HTTP 1.0: the answer ends with the connection, and comes unchunked.
            writer.write(f"GET /readyz HTTP/1.0\r\nHost: {self.address.local_host}\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        answer = json.loads(body)
        return int(head.split(maxsplit=2)[1]), answer if isinstance(answer, dict) else {}


def _coatcheck(*arguments: str) -> tuple[str, ...]:
    # -P: a folder of the person's own called `app` or `tasks` must not be taken for ours.
    return (sys.executable, "-P", "-m", "coatcheck", *arguments)
