"""Stand-ins for the roles of a stack, and a handle on a program that runs them under the real process manager."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
from waiting import eventually

PROGRAM = Path(__file__).with_name("standin_stack.py")

#: Starts a child of its own, writes both process ids down, and says when it is asked to stop.
SERVANT = """
import os, pathlib, signal, subprocess, sys, time
name, place = "{name}", pathlib.Path(os.environ["PLACE"])
child = subprocess.Popen(["sleep", "1000"])

def stop(*_):
    with (place / "stops").open("a") as stops:
        stops.write(name + "\\n")
    child.kill()
    sys.exit(0)

signal.signal(signal.SIGTERM, stop)
new = place / (name + ".new")
new.write_text(f"{{os.getpid()}} {{child.pid}}")
new.rename(place / (name + ".pids"))
print("hello from", name)
while True:
    time.sleep(1000)
"""

#: Ignores the request to stop.
STUBBORN = """
import os, pathlib, signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
place = pathlib.Path(os.environ["PLACE"])
child = subprocess.Popen(["sleep", "1000"])
(place / "stubborn.pids").write_text(f"{os.getpid()} {child.pid}")
time.sleep(1000)
"""


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@dataclass
class StandIns:
    """A running stack of stand-ins."""

    place: Path
    process: "subprocess.Popen[str] | None" = None

    def start(self, roles: dict[str, str], **extra: object) -> None:
        spec = {
            "data_dir": str(self.place / "data"),
            "place": str(self.place),
            "ready_files": [str(self.place / f"{name}.pids") for name in roles],
            "roles": roles,
            "grace": 10,
            "deadline": 20,
            **extra,
        }
        path = self.place / "spec.json"
        path.write_text(json.dumps(spec))
        out = (self.place / "out").open("w")
        err = (self.place / "err").open("w")
        with out, err:
            self.process = subprocess.Popen([sys.executable, PROGRAM, path], stdout=out, stderr=err, text=True)

    def start_servants(self, *names: str, **extra: object) -> None:
        self.start({name: SERVANT.format(name=name) for name in names}, **extra)
        self.wait_for_line("READY")

    def wait_for_line(self, start: str) -> str:
        def found() -> bool:
            assert self.running.poll() is None, self.errors
            return any(line.startswith(start) for line in self.output.splitlines())

        eventually(found)
        return next(line for line in self.output.splitlines() if line.startswith(start))

    @property
    def running(self) -> "subprocess.Popen[str]":
        assert self.process is not None
        return self.process

    @property
    def output(self) -> str:
        return (self.place / "out").read_text()

    @property
    def errors(self) -> str:
        return (self.place / "err").read_text()

    def pids(self, name: str) -> list[int]:
        return [int(pid) for pid in (self.place / f"{name}.pids").read_text().split()]

    def forget_pids(self, name: str) -> list[int]:
        before = self.pids(name)
        (self.place / f"{name}.pids").unlink()
        return before

    def signal(self, signum: int) -> None:
        self.running.send_signal(signum)

    def end(self, *, within: float = 15) -> int:
        return self.running.wait(within)
