"""RQ's work horses as the supervisor's crew: one process for each job, forked by an RQ worker under this parent."""

import os
import signal
from collections.abc import Collection

import structlog

from worker.crew import Run
from worker.interrupt import SIGNAL

log = structlog.get_logger(__name__)


class RqCrew:
    """The horses that run now, as the RQ workers report them."""

    def __init__(self) -> None:
        self._runs: dict[int, Run] = {}

    def check(self) -> None:
        """Nothing: the end of a process rings, in its RQ worker and in the parent."""

    def running(self) -> Collection[Run]:
        """What was given to a horse that has not ended."""
        return tuple(self._runs.values())

    def ask(self, run: Run) -> None:
        """Sends the signal that interrupts a run."""
        self._signal(run, SIGNAL)

    def kill(self, run: Run) -> None:
        """Kills the horse; its RQ worker takes the next job."""
        self._signal(run, signal.SIGKILL)

    def began(self, run: Run) -> None:
        """A horse is about to claim its job."""
        self._runs[run.pid] = run

    def ended(self, run: Run) -> None:
        """The horse is no more."""
        self._runs.pop(run.pid, None)

    def _signal(self, run: Run, signum: signal.Signals) -> None:
        # A horse runs one job, so the signal can't hit another one; and its number is not given to another process
        # before the system has gone through all others.
        if run.pid not in self._runs:
            return
        log.info("process.signaled", job=run.job_id, pid=run.pid, signal=signum.name)
        try:
            os.kill(run.pid, signum)
        except ProcessLookupError:
            log.info("process.gone", job=run.job_id, pid=run.pid)
