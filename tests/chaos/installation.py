"""The installation under test: a private Redis, an API and workers, each started, kept up and ended by this run."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from redis import Redis

from chaos.role import Role, environment_of
from chaos.runs import VARIABLE
from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis, RedisAddress

#: Production's settings with shorter times, so that a run of minutes sees what takes hours elsewhere.
TIMES = Settings(
    namespace="chaos",
    analyses=("chaos.analyses",),
    open=True,
    api_processes=2,
    concurrency=2,
    lease=3,
    heartbeat=0.5,
    kill_grace=0.5,
    stop_grace=0.3,
    resend_after=2,
    retry_delay=0.3,
    max_retry_delay=1,
    recycle_after=50,
    inline_limit=2048,
    log_format="json",
)

#: How long the whole installation may take to start, seconds.
START = 60.0
#: How long a role that has died stays down, seconds.
RESTART_AFTER = 0.2


class DurableRedis(EmbeddedRedis):
    """A Redis that answers after its write is on the disk, and whose file is never rewritten: it is the ledger."""

    def start(self) -> None:
        """Starts the server and returns when it answers."""
        super().start()
        with Redis.from_url(self.url) as client:
            client.config_set("appendfsync", "always")
            client.config_set("auto-aof-rewrite-percentage", 0)


@dataclass
class Installation:
    """What runs, and where."""

    settings: Settings
    redis: DurableRedis
    api: Role
    workers: tuple[Role, ...]
    #: The file that the runs write.
    diary: Path

    @property
    def url(self) -> str:
        """Where the API answers."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @property
    def roles(self) -> tuple[Role, ...]:
        """All that is kept up."""
        return (self.api, *self.workers)

    @property
    def log_files(self) -> list[Path]:
        """What the roles have logged."""
        return [role.log for role in self.roles]

    @property
    def ledger_files(self) -> list[Path]:
        """Redis' append-only file, in parts in their order."""
        return sorted(self.redis.data_dir.glob("appendonlydir/*.incr.aof"))


@asynccontextmanager
async def installed(
    *, engine: str, workers: int, result_ttl: float, tombstone_ttl: float
) -> AsyncIterator[Installation]:
    """A whole installation that is ready and is kept up; ended and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as folder:
        times = replace(TIMES, engine=engine, result_ttl=result_ttl, tombstone_ttl=tombstone_ttl)
        installation = _described(Path(folder), times, workers=workers)
        installation.redis.start()
        keeper = asyncio.create_task(_keep_up(installation.roles))
        try:
            await _ready(installation)
            yield installation
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            await asyncio.gather(*(asyncio.to_thread(role.end) for role in installation.roles))
            installation.redis.stop()


def _described(folder: Path, times: Settings, *, workers: int) -> Installation:
    redis = DurableRedis(data_dir=folder / "redis", address=RedisAddress(socket=folder / "redis.sock"))
    settings = replace(times, redis_url=redis.url, data_dir=str(folder / "data"), port=_free_port())
    diary = folder / "runs"
    environment = environment_of(settings, **{VARIABLE: str(diary)})
    return Installation(
        settings=settings,
        redis=redis,
        api=Role(("api",), environment, folder / "api.log"),
        workers=tuple(Role(("worker",), environment, folder / f"worker-{at}.log") for at in range(workers)),
        diary=diary,
    )


async def _keep_up(roles: tuple[Role, ...]) -> None:
    """Starts what does not run, for as long as it is not canceled."""
    while True:
        for role in roles:
            if not role.is_up:
                role.start()
        await asyncio.sleep(RESTART_AFTER)


async def _ready(installation: Installation) -> None:
    try:
        async with asyncio.timeout(START), httpx.AsyncClient(base_url=installation.url) as client:
            while not await _is_ready(client, workers=len(installation.workers)):
                await asyncio.sleep(0.05)
    except TimeoutError:
        said = "\n".join(log.read_text()[-1000:] for log in installation.log_files)
        raise RuntimeError(f"The installation did not start within {START:g} s:\n{said}") from None


async def _is_ready(client: httpx.AsyncClient, *, workers: int) -> bool:
    with suppress(httpx.TransportError):
        answer = await client.get("/readyz")
        return answer.is_success and answer.json()["workers"] == workers
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
