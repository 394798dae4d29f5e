"""Single roles of the service as real processes: an API and workers, on a Redis that the test holds."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil
from waiting import eventually

from jobs.roster import Roster
from jobs.settings import Settings, variable
from jobs.store import Store

#: How long a role may take to start on a busy machine, seconds.
START = 60.0


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that gives a process these settings, and the tests' analyses to import."""
    values = {variable(setting): getattr(settings, setting.name) for setting in fields(Settings)}
    told = {name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COATCHECK_")}
    return inherited | told | {"PYTHONPATH": str(Path(__file__).parents[1])}


@dataclass
class Role:
    """One `coatcheck <role>` process and what it logs."""

    settings: Settings
    arguments: tuple[str, ...]
    log: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    #: Where it works; None: where the tests do.
    cwd: Path | None = None
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> Self:
        command = [sys.executable, "-m", "coatcheck", *self.arguments]
        with self.log.open("ab") as log:
            environment = environment_of(self.settings) | self.extra
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=self.cwd)
        return self

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None
        return self.process

    @property
    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.running.pid).children()

    def stop(self, *, within: float = 20.0) -> int:
        """Ends it by SIGTERM; returns its exit code."""
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(within)

    def kill(self) -> None:
        """Ends it by SIGKILL, as a crash does."""
        self.running.kill()
        self.running.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        """Ends it, whatever it is doing."""
        if self.running.poll() is None:
            self.running.terminate()
            try:
                self.running.wait(20)
            except subprocess.TimeoutExpired:
                for process in [*self.children, psutil.Process(self.running.pid)]:
                    process.kill()
                self.running.wait()


class Worker(Role):
    """A worker with so many processes."""

    def __init__(self, settings: Settings, folder: Path, *, concurrency: int = 2, name: str = "worker") -> None:
        super().__init__(settings, ("worker", "--concurrency", str(concurrency)), folder / f"{name}.log")

    def start(self) -> Self:
        store = Store(self.settings)
        super().start()
        try:
            eventually(lambda: self._is_there(store), within=START, saying="The worker did not start")
        except BaseException:
            self.end()
            raise
        store.redis.close()
        return self

    def _is_there(self, store: Store) -> bool:
        assert self.running.poll() is None, self.log.read_text()
        return any(member.pid == self.running.pid for member in Roster(store).members())


class Api(Role):
    """An API on a free port."""

    def __init__(self, settings: Settings, folder: Path, *, processes: int = 1) -> None:
        self.port = free_port()
        options = ("--host", "127.0.0.1", "--port", str(self.port), "--processes", str(processes))
        super().__init__(settings, ("api", *options), folder / "api.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        super().start()
        try:
            eventually(self._is_there, within=START, saying="The API did not start")
        except BaseException:
            self.end()
            raise
        return self

    def _is_there(self) -> bool:
        assert self.running.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/livez", timeout=1).status_code == 200
        except httpx.TransportError:
            return False


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
