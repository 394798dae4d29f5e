"""The load: wrk, what it is told to send, and what it measured."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from systems import Submission

_SCRIPTS = Path(__file__).parent / "lua"

#: Connections that ask at once.
CONNECTIONS = 32


class LoadError(Exception):
    """It could not be measured; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """What came of many equal requests."""

    #: Answers, and answers a second.
    answers: float
    rate: float
    #: Milliseconds of an answer, median and 99th percentile.
    p50: float
    p99: float


def check_wrk() -> None:
    """Raises LoadError where there is no wrk: what a Python program can send is less than what is to be measured."""
    if shutil.which("wrk") is None:
        raise LoadError("wrk is not installed: apt install wrk (Debian, Ubuntu), brew install wrk (macOS)")


def submit(url: str, submission: Submission, *, seconds: float) -> Throughput:
    """Submits over all connections for so long."""
    return _throughput(url, seconds, "POST", submission.path, submission.body, submission.kind)


def poll(url: str, path: str, *, seconds: float) -> Throughput:
    """Polls one job over all connections for so long."""
    return _throughput(url, seconds, "GET", path)


def walk(url: str, submission: Submission, *, seconds: float, clients: int = 1, prefer: str = "") -> list[float]:
    """Milliseconds from each POST to its result; each client hands in one job after the other."""
    told = [submission.path, submission.body, submission.kind, submission.result, prefer]
    measured = _wrk(url, "walk.lua", told, seconds=seconds, connections=clients, threads=clients)
    if measured["failures"] or not measured["taken"]:
        raise LoadError(f"{url}: {measured['failures']} walks failed, {len(measured['taken'])} ended")
    return list(measured["taken"])


def _throughput(url: str, seconds: float, *told: str) -> Throughput:
    measured = _wrk(url, "requests.lua", list(told), seconds=seconds, connections=CONNECTIONS)
    if measured["failures"] > measured["answers"] / 1000:
        raise LoadError(f"{url} {told}: {measured['failures']:.0f} of {measured['answers']:.0f} answers are failures")
    return Throughput(answers=measured["answers"], rate=measured["rate"], p50=measured["p50"], p99=measured["p99"])


def _wrk(
    url: str, script: str, told: list[str], *, seconds: float, connections: int, threads: int = 2
) -> dict[str, object]:
    size = ["-t", str(threads), "-c", str(connections), "-d", f"{seconds:g}s", "--timeout", "10s"]
    command = ["wrk", *size, "--latency", "-s", str(_SCRIPTS / script), url, "--", *told]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    lines = [line for line in said.stdout.splitlines() if line.startswith("JSON ")]
    if not lines:
        raise LoadError(f"{' '.join(command)}: {said.stdout}{said.stderr}")
    measured: dict[str, object] = json.loads(lines[-1].removeprefix("JSON "))
    return measured
