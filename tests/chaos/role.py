"""One role of the service as processes of its own group, kept up as an operating system's service manager does."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import psutil

from jobs.settings import Settings, variable

#: How long a role that was asked to stop may take, seconds.
STOP = 30.0


@dataclass
class Role:
    """A ``coatcheck <verb>`` process with its children; they share a process group, so they can be killed as one."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """The process id of the first process, and the number of the group."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_up(self) -> bool:
        """Whether its first process runs; it may be starting still."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts it anew."""
        command = [sys.executable, "-m", "coatcheck", *self.arguments]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )

    def children(self) -> list[psutil.Process]:
        """The processes of its pool, and those that they have forked."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def signal(self, signum: signal.Signals) -> None:
        """Sends the signal to the first process only."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signum)

    def end(self) -> None:
        """Asks it to stop, and kills it with its children if it does not."""
        if self._process is None:
            return
        self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP)
        signal_group(self.pid, signal.SIGKILL)
        self._process.wait()


def signal_group(group: int, signum: signal.Signals) -> None:
    """Sends the signal to every process of the group; one that is gone is fine."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signum)


def signal_process(pid: int, signum: signal.Signals) -> None:
    """Sends the signal to one process; one that is gone is fine."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signum)


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    """The environment that gives a process these settings, and this package to import."""
    told = {variable(setting): _told(getattr(settings, setting.name)) for setting in fields(Settings)}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COATCHECK_")}
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    return inherited | told | {"PYTHONPATH": path} | more


def _told(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def now_ms() -> int:
    """Unix time in milliseconds; Redis and the diary of runs use the same clock of this machine."""
    return time.time_ns() // 1_000_000
