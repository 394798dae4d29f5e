"""Many clients that wait at once: what a waiting connection costs, and what it does to requests beside it.

``python bench/crowd.py --connections 5000 --kind events`` opens event streams of one queued job, ``--kind wait`` has
it polled with ``Prefer: wait=30``; then it measures requests beside them, cancels the job, and waits until the last
client has heard of it.
"""

import argparse
import asyncio
import http.client
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import cast
from urllib.parse import urlsplit

import httpx
import psutil
from load import LoadError
from running import Running, running
from systems import COATCHECK

from stack.address import usable_address
from stack.redis_server import EmbeddedRedis, RedisAddress

#: How long clients may take to connect, or to hear, seconds.
PATIENCE = 120.0

#: Clients that connect at the same time.
AT_ONCE = 200

#: How long each look at what the processes do takes, seconds, and the share of a processor below which they only watch
#: over those that wait: 0.1 with 4000 streams.
LOOK, IDLE = 0.5, 0.3

#: Requests that are measured beside those that wait, each over a connection of its own.
REQUESTS = 500


@dataclass
class Crowd:
    """Clients that wait."""

    url: str
    request: bytes
    #: Who has begun to wait, and when each heard of the end.
    waiting: int = 0
    heard: list[float] = field(default_factory=list)
    #: Answers that said to come back later, and connections that ended before their client heard.
    refused: int = 0
    lost: int = 0
    _clients: list[asyncio.Transport] = field(default_factory=list)

    async def gather(self, size: int) -> None:
        """Connects so many clients, and returns when each has begun to wait."""
        turns = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._connect(turns) for _ in range(size)))

    async def _connect(self, turns: asyncio.Semaphore) -> None:
        parts = urlsplit(self.url)
        async with turns:
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: Client(self), parts.hostname, parts.port
            )
            self._clients.append(transport)

    def close(self) -> None:
        """Hangs up."""
        for transport in self._clients:
            transport.abort()


class Client(asyncio.Protocol):
    """One client: asks, waits, and asks again where its wait ended with nothing."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._done = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()
        self._crowd.waiting += 1

    def data_received(self, data: bytes) -> None:
        """Hears."""
        if data.startswith(b"HTTP/1.1 202"):
            self._ask()
        elif data.startswith(b"HTTP/1.1 503"):
            self._crowd.refused += 1
            asyncio.get_running_loop().call_later(1, self._ask)
        elif not self._done and (b"event: completed" in data or data.startswith(b"HTTP/1.1 303")):
            self._done = True
            self._crowd.heard.append(time.monotonic())

    def _ask(self) -> None:
        self._transport.write(self._crowd.request)

    def connection_lost(self, error: Exception | None) -> None:
        """Was hung up on."""
        if not self._done:
            self._crowd.lost += 1


def main() -> int:
    """Measures and prints; returns 2 where it can't be measured."""
    arguments = _arguments()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65536)), hard))
    try:
        with _service() as service:
            asyncio.run(_measure(service, arguments.connections, kind=arguments.kind))
    except LoadError as fault:
        print(f"bench: {fault}", file=sys.stderr)
        return 2
    return 0


async def _measure(service: Running, size: int, *, kind: str) -> None:
    # Each process imports what it needs with its first requests; that is no connection's memory.
    _livez(service.url, REQUESTS)
    ticket = httpx.post(service.url + COATCHECK.submission.path, json={"params": {"a": 1, "b": 2}}).json()["id"]
    before, beside = service.memory(), await _beside(service.url)
    print(f"alone: GET /livez p50 {beside[49]:.1f} ms, p99 {beside[98]:.1f} ms; {before / 2**20:.0f} MiB", flush=True)
    crowd = Crowd(service.url, _request(service.url, ticket, kind=kind))
    began = time.monotonic()
    await crowd.gather(size)
    await _until(lambda: _held(service) >= size, "not all connections are held")
    print(f"{size} {kind} connections are held after {time.monotonic() - began:.1f} s: {_spread(service)}", flush=True)
    await _settled(service)
    beside, after = await _beside(service.url), service.memory()
    each = (after - before) / size / 1024
    print(
        f"beside them: GET /livez p50 {beside[49]:.1f} ms, p99 {beside[98]:.1f} ms; {after / 2**20:.0f} MiB", flush=True
    )
    print(f"memory of each: {each:.1f} KiB")
    published = time.monotonic()
    httpx.delete(f"{service.url}/jobs/{ticket}").raise_for_status()
    await _until(lambda: len(crowd.heard) + crowd.lost >= size, "not all clients heard")
    slowest = max(crowd.heard) - published
    print(f"{len(crowd.heard)} heard of the end, the last after {slowest:.2f} s")
    print(f"{crowd.refused} times 503, {crowd.lost} connections lost")
    crowd.close()


def _request(url: str, ticket: str, *, kind: str) -> bytes:
    path = f"/jobs/{ticket}/events" if kind == "events" else f"/queuedResource/{ticket}/status"
    wish = "Accept: text/event-stream" if kind == "events" else "Prefer: wait=30"
    return f"GET {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n{wish}\r\n\r\n".encode()


async def _beside(url: str) -> list[float]:
    """The percentiles of a request's milliseconds."""
    with ThreadPoolExecutor(1) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _livez, url, REQUESTS)


def _livez(url: str, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("GET", "/livez")
        connection.getresponse().read()
        connection.close()
        taken.append((time.perf_counter() - began) * 1000)
    return quantiles(taken, n=100)


def _held(service: Running) -> int:
    return sum(_connections(process, service.url) for process in service.processes)


def _spread(service: Running) -> str:
    return " + ".join(str(count) for process in service.processes[1:] if (count := _connections(process, service.url)))


def _connections(process: psutil.Process, url: str) -> int:
    held = (each for each in process.net_connections("inet") if each.status == psutil.CONN_ESTABLISHED)
    return sum(each.laddr.port == urlsplit(url).port for each in held)


async def _settled(service: Running) -> None:
    """Returns when the processes have nothing left to do for those that came."""
    ends, taken = time.monotonic() + PATIENCE, service.cpu()
    while True:
        await asyncio.sleep(LOOK)
        before, taken = taken, service.cpu()
        if taken - before <= IDLE * LOOK * 1000:
            return
        if time.monotonic() > ends:
            raise LoadError("the processes do not come to rest")


async def _until(look: Callable[[], bool], saying: str) -> None:
    ends = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > ends:
            raise LoadError(saying)
        await asyncio.sleep(0.05)


@contextmanager
def _service() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="coatcheck-bench-") as name:
        folder = Path(name)
        address = RedisAddress(port=usable_address("127.0.0.1", 0).port)
        with (
            EmbeddedRedis(data_dir=folder / "redis", address=address),
            running(COATCHECK, address.url, folder / "api") as service,
        ):
            yield service


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--kind", choices=("events", "wait"), default="events")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
