"""Analyses that the tests run in real workers: quick, slow, stubborn, crashing."""

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Annotated

from tasks import AnalysisError, Job, Range, analysis


@analysis(deterministic=True)
def double(number: int) -> dict[str, int]:
    """Double a number."""
    return {"doubled": 2 * number}


@analysis()
def nap(job: Job, *, seconds: Annotated[float, Range(0, 600)] = 0.1) -> dict[str, float]:
    """Sleep, saying how far it is."""
    began = time.monotonic()
    while (slept := time.monotonic() - began) < seconds:
        if job.should_finish():
            return {"slept": slept, "partial": True}
        job.progress(slept / seconds, "napping")
        time.sleep(0.02)
    return {"slept": slept}


@analysis()
def sulk(seconds: Annotated[float, Range(0, 600)] = 60) -> dict[str, float]:
    """Hold the interpreter lock and hear nothing."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    return {"sulked": seconds}


@analysis()
def refuse(reason: str = "I don't like it.") -> None:
    """Refuse whatever comes."""
    raise AnalysisError(reason)


@analysis()
def mumble(length: Annotated[int, Range(0, 10**7)] = 0) -> None:
    """Refuse with a text that can't be sent as it is."""
    raise AnalysisError("\ud800" * length)


@analysis()
def crash() -> None:
    """Raise what no client shall read."""
    raise RuntimeError("the password is hunter2")


@analysis()
def unwritable() -> dict[str, object]:
    """Return what JSON can't hold."""
    return {"scores": [1, {2, 3}]}


@analysis()
def die(once_in: str = "") -> dict[str, str]:
    """Kill the process; with a file to remember by, only at the first time."""
    if once_in and Path(once_in).exists():
        return {"lived": once_in}
    if once_in:
        Path(once_in).touch()
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


class Unusual(BaseException):
    """What `except Exception` does not catch."""


@analysis()
def lapse() -> None:
    """Raise what is no Exception, as a canceled asyncio task does."""
    raise Unusual


@analysis()
def leave() -> None:
    """Call sys.exit, as scripts do."""
    raise SystemExit(3)


@analysis(memory=200 * 2**20)
def gorge(size: int = 2**40) -> dict[str, int]:
    """Take so many bytes at once."""
    return {"took": len(bytearray(size))}


@analysis(retry_on=(ConnectionError,), max_attempts=3)
def falter(job: Job, *, count_in: str, times: int = 1) -> dict[str, int]:
    """Fail so many times as a service does that is away, then succeed; counts its tries in a file."""
    tries = Path(count_in)
    tried = len(tries.read_text()) if tries.exists() else 0
    tries.write_text("x" * (tried + 1))
    if tried < times:
        raise ConnectionError("the password is hunter2")
    return {"tries": tried + 1}


@analysis()
def huge(size: Annotated[int, Range(0, 10**9)] = 10**6) -> dict[str, str]:
    """Return so many characters."""
    return {"text": "x" * size}


@analysis()
def attach(
    job: Job, *, figures: int = 1, size: Annotated[int, Range(0, 10**9)] = 10, name: str = "table.csv"
) -> dict[str, int]:
    """Attach figures and a file."""
    for number in range(figures):
        data = {"values": [{"x": 1, "y": number}, {"x": 2, "y": 3}]}
        encoding = {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}}
        job.figure(f"line-{number}", {"data": data, "mark": "line", "encoding": encoding}, title="A line")
    job.file(name, b"x" * size, media_type="text/csv")
    return {"attached": figures + 1}
