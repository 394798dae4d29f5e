"""A system that runs for a measurement: its processes, where it answers, and when it does."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from load import LoadError
from redis import Redis
from systems import System, environment

from stack.address import usable_address

#: How long the processes of a system may take until they answer, seconds.
START = 60.0


@dataclass(frozen=True, kw_only=True)
class Running:
    """One system that runs."""

    system: System
    url: str
    redis: Redis
    environment: dict[str, str]
    log: Path
    #: The processes that answer: the parent of the others.
    api: psutil.Process

    @property
    def processes(self) -> list[psutil.Process]:
        """The parent and those that it started."""
        return [self.api, *self.api.children(recursive=True)]

    def cpu(self) -> float:
        """Milliseconds of processor time that the answering processes have taken."""
        times = [process.cpu_times() for process in self.processes]
        return float(sum(each.user + each.system for each in times) * 1000)

    def memory(self) -> int:
        """Bytes of memory of the answering processes; what they share counts once."""
        return int(sum(process.memory_full_info().pss for process in self.processes))

    def wait_until(self, look: Callable[[], bool]) -> None:
        """Returns as soon as ``look`` is true; raises LoadError with the end of the log if that takes too long."""
        ends = time.monotonic() + START
        while True:
            fault: Exception | str = "it does not come true"
            try:
                if look():
                    return
            except (httpx.TransportError, LoadError) as error:
                fault = error
            if time.monotonic() > ends:
                log = self.log.read_text(errors="replace")[-2000:]
                raise LoadError(f"{self.system.name} does not work: {fault}\n{log}")
            time.sleep(0.1)


@contextmanager
def running(system: System, redis_url: str, folder: Path) -> Iterator[Running]:
    """The system's answering processes, from when they answer."""
    folder.mkdir()
    port = usable_address("127.0.0.1", 0).port
    variables, log = environment(redis_url, folder), folder / "log"
    with _process(system.api(port), variables, log) as api, Redis.from_url(redis_url) as redis:
        started = Running(
            system=system, url=f"http://127.0.0.1:{port}", redis=redis, environment=variables, log=log, api=api
        )
        started.wait_until(lambda: httpx.get(started.url, timeout=5).status_code > 0)
        yield started


@contextmanager
def computing(started: Running) -> Iterator[None]:
    """The system's computing processes beside the others."""
    with _process(started.system.worker or [], started.environment, started.log):
        yield


@contextmanager
def _process(command: list[str], variables: dict[str, str], log: Path) -> Iterator[psutil.Process]:
    with log.open("ab") as lines:
        process = subprocess.Popen(command, env=variables, cwd=log.parent, stdout=lines, stderr=lines)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
