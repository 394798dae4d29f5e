"""The analyses of the chaos run: quick, stubborn, refusing, crashing and dying; each run notes itself in the diary."""

import ctypes
import os
import signal
import time
from typing import Annotated

from chaos.runs import is_first_time, noted
from tasks import AnalysisError, Job, Range, analysis

#: How long a run works, seconds.
Seconds = Annotated[float, Range(0, 600)]
#: What is computed with.
Number = Annotated[int, Range(0, 10**6)]


def square(number: int, *, token: str, padding: int = 0) -> dict[str, object]:
    """What every analysis returns here that returns anything: it tells of its input and of the run that made it."""
    return {"number": number, "square": number**2, "run": token, "padding": "x" * padding}


@analysis()
def work(
    job: Job, *, number: Number, seconds: Seconds, padding: Annotated[int, Range(0, 10**6)] = 0
) -> dict[str, object]:
    """Work for a while without a word; the result is longer by so many characters."""
    with noted(job.id) as token:
        time.sleep(seconds)
        return square(number, token=token, padding=padding)


@analysis()
def stroll(job: Job, *, number: Number, seconds: Seconds) -> dict[str, object]:
    """Work and say how far it is."""
    with noted(job.id) as token:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            job.progress(passed / seconds, "strolling")
            time.sleep(0.02)
        return square(number, token=token)


@analysis()
def hold(job: Job, *, number: Number, seconds: Seconds) -> dict[str, object]:
    """Hold the interpreter lock and hear nothing meanwhile."""
    with noted(job.id) as token:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        ctypes.PyDLL(None).usleep(int(seconds * 1e6))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        return square(number, token=token)


@analysis()
def die_once(job: Job, *, number: Number, seconds: Seconds) -> dict[str, object]:
    """Kill the process at the first time, work at the next."""
    with noted(job.id) as token:
        time.sleep(seconds)
        if is_first_time(job.id):
            os.kill(os.getpid(), signal.SIGKILL)
        return square(number, token=token)


@analysis()
def die(job: Job, *, seconds: Seconds) -> None:
    """Kill the process each time."""
    with noted(job.id):
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGKILL)


@analysis(retry_on=(ConnectionError,))
def falter(job: Job, *, number: Number, seconds: Seconds) -> dict[str, object]:
    """Fail at the first time as if a service were away, work at the next."""
    with noted(job.id) as token:
        time.sleep(seconds)
        if is_first_time(job.id):
            raise ConnectionError("away")
        return square(number, token=token)


@analysis()
def refuse(job: Job, *, seconds: Seconds) -> None:
    """Refuse the input."""
    with noted(job.id):
        time.sleep(seconds)
        raise AnalysisError("Not in the mood.")


@analysis()
def crash(job: Job, *, seconds: Seconds) -> None:
    """Raise what no client shall read."""
    with noted(job.id):
        time.sleep(seconds)
        raise RuntimeError("the password is hunter2")
