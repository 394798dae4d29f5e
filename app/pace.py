"""How soon to ask again and when a job will be done, guessed from how long its analysis ran lately."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from jobs.errors import StoreUnavailable
from jobs.job import Job, JobStatus
from jobs.roster import Role, Roster
from jobs.store import Store

#: Bounds of ``Retry-After``, seconds.
SOONEST, LATEST = 1, 30

#: How long a process trusts what it read of the run times, seconds.
TRUSTED = 5.0

#: Where nothing is known, a client waits this share of the time that it has waited so far.
PATIENCE = 0.25

#: Progress below it says nothing about the rest, percent.
TELLING = 5.0


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a client that waits for a job is told."""

    #: Whole seconds after which to ask again.
    retry_after: int
    #: When the job will be done, Unix time in milliseconds; None where there is nothing to judge by.
    eta: int | None


@dataclass(frozen=True)
class _History:
    #: Until when it is trusted, seconds of the clock.
    until: float
    #: The usual run time, seconds; None where the analysis has not run.
    usual: float | None
    #: How many jobs run at once.
    slots: int


class Pace:
    """The outlook of jobs; it asks the store now and then, not at every poll."""

    def __init__(self, store: Store, roster: Roster, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._roster = roster
        self._clock = clock
        self._known: dict[str, _History] = {}

    def outlook(self, job: Job) -> Outlook:
        """When this job will be done and how soon to ask again; a final one has nothing to wait for."""
        if job.is_final:
            return Outlook(retry_after=SOONEST, eta=None)
        now = self._clock()
        rest = self._rest(job, now)
        waited = max(now - job.created / 1000, 0.0)
        wait = rest if rest else waited * PATIENCE
        eta = None if rest is None else round((now + rest) * 1000)
        return Outlook(retry_after=min(max(math.ceil(wait), SOONEST), LATEST), eta=eta)

    def usual(self, analysis: str) -> float | None:
        """How long this analysis usually runs, seconds; None where it has not run lately."""
        return self._history(analysis, self._clock()).usual

    def _rest(self, job: Job, now: float) -> float | None:
        """Seconds until the job will be done; 0 where it should be already."""
        run = max(now - job.started / 1000, 0.0) if job.started and job.status is not JobStatus.QUEUED else 0.0
        if job.progress is not None and job.progress >= TELLING:
            return run * (100 - job.progress) / job.progress
        history = self._history(job.analysis, now)
        if history.usual is None:
            return None
        rounds = (job.queue_position or 0) // history.slots
        return max(history.usual * (rounds + 1) - run, 0.0)

    def _history(self, analysis: str, now: float) -> _History:
        known = self._known.get(analysis, _History(0.0, None, 1))
        if now >= known.until:
            # First prolonged, then read: of many polls at once only one asks, the others go by the old one.
            self._known[analysis] = _History(now + TRUSTED, known.usual, known.slots)
            known = self._known[analysis] = self._read(analysis, now) or known
        return known

    def _read(self, analysis: str, now: float) -> _History | None:
        try:
            times = self._store.run_times(analysis)
            workers = self._roster.members(Role.WORKER)
        except StoreUnavailable:
            # A guess is not worth failing a request that was answered already.
            return None
        # Where no worker lives, as if one did that is as this process is set up.
        slots = sum(worker.slots for worker in workers) or self._store.settings.concurrency
        return _History(now + TRUSTED, median(times) if times else None, slots)
