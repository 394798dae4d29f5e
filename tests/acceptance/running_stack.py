"""A real `coatcheck up` for the acceptance tests: started as a person starts it, in a folder of its own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

#: How long a start may take on a busy machine, seconds.
START = 90.0


def eventually(condition: Callable[[], object], *, seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come true in time"
        time.sleep(0.02)


def coatcheck(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    command = [sys.executable, "-m", "coatcheck", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=START, env=clean_environment(**environment))


def clean_environment(**more: str) -> dict[str, str]:
    """This environment without settings of a person's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COATCHECK_")} | more


@dataclass
class RunningStack:
    """One `coatcheck up` and what it prints."""

    folder: Path
    options: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "RunningStack":
        """Start it and return when it says that it is ready."""
        command = [sys.executable, "-m", "coatcheck", "up", "--port", "0", "--data-dir", str(self.data_dir)]
        with self.log.open("wb") as log:
            environment = clean_environment(**self.environment)
            self.process = subprocess.Popen([*command, *self.options], stdout=log, stderr=log, env=environment)
        eventually(self._said_ready, seconds=START)
        return self

    def _said_ready(self) -> bool:
        assert self.running.poll() is None, self.output
        return "Ctrl-C stops everything." in self.output

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None
        return self.process

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def url(self) -> str:
        found = re.search(r"^Coatcheck is ready at (http://\S+)$", self.output, re.MULTILINE)
        assert found, self.output
        return found[1]

    def is_ready(self) -> bool:
        """Whether the API says that it is ready, with a worker."""
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.get(f"{self.url}/readyz", timeout=5)
            return answer.status_code == 200 and answer.json()["workers"] >= 1
        return False

    def processes(self) -> list[psutil.Process]:
        """All of its processes but itself."""
        return psutil.Process(self.running.pid).children(recursive=True)

    def role(self, name: str) -> psutil.Process:
        """The first process of ``redis``, ``api``, ``worker`` or ``internal``."""
        found = self._find(name)
        assert found is not None, f"{name} does not run"
        return found

    def runs(self, name: str) -> bool:
        """Whether it has a process of this role."""
        return self._find(name) is not None

    def has_replaced(self, name: str, gone: psutil.Process) -> bool:
        """Whether another process runs in place of one that is gone."""
        found = self._find(name)
        return found is not None and found.pid != gone.pid

    def _find(self, name: str) -> psutil.Process | None:
        # Redis names its process after its address; the others keep their command line.
        marks = {"redis": "unixsocket", "worker": "coatcheck worker --conc", "internal": "coatcheck worker --internal"}
        mark = marks.get(name, f"coatcheck {name}")
        for child in psutil.Process(self.running.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if mark in " ".join(child.cmdline()) and "launch.py" not in " ".join(child.cmdline()):
                    return child
        return None

    def submit(self, analysis: str, **body: object) -> str:
        """Hand in a job and give its id."""
        answer = httpx.post(f"{self.url}/analysis/{analysis}/run", json=body, timeout=10)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def status(self, job: str) -> str:
        return str(httpx.get(f"{self.url}/jobs/{job}", timeout=10).json()["status"])

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Ask it to stop and give its exit code."""
        self.running.send_signal(signum)
        return self.running.wait(60)

    def end(self) -> None:
        """End it in any case; its guard ends what it started."""
        if self.process is not None and self.process.poll() is None:
            left = self.processes()
            self.process.kill()
            self.process.wait()
            psutil.wait_procs(left, timeout=10)
