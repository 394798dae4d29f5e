"""A run that asks for another one later, claimed, computed and settled in this process over a real store."""

import math
from types import MappingProxyType

import pytest
from submissions import submitted

from jobs.job import Cause, Job, JobStatus
from jobs.leases import Leases
from jobs.store import Store
from tasks import Catalog, analysis
from tasks.errors import RetryLater
from worker.compute import LONGEST_DELAY
from worker.interrupt import Interrupt
from worker.run import Runner


@analysis
def postpone(delay: float = 60.0) -> None:
    """Ask for a later run.

    Parameters
    ----------
    delay
        Seconds; below 0 stands for a number that is none.

    """
    raise RetryLater("The instrument is warming up.", delay=math.nan if delay < 0 else delay)


def ran(store: Store, *, delay: float, max_attempts: int) -> Job:
    """The job after one run."""
    job_id = submitted(store, "postpone", params={"delay": delay}, max_attempts=max_attempts).id
    catalog = Catalog(MappingProxyType({"postpone": postpone}))
    leases = Leases(store, worker="worker-1/1")
    Runner(settings=store.settings, catalog=catalog, leases=leases, interrupt=Interrupt()).run(job_id)
    return store.find(job_id)


@pytest.mark.parametrize(("asked", "given"), [(60.0, 60.0), (0.0, 0.0), (1e300, LONGEST_DELAY), (-1.0, LONGEST_DELAY)])
def test_the_job_is_put_off_by_just_the_delay_within_bounds(store: Store, asked: float, given: float) -> None:
    job = ran(store, delay=asked, max_attempts=2)
    due = store.redis.zscore(store.keys.due, job.id)
    assert (job.status, job.attempt, job.message) == (JobStatus.QUEUED, 2, "The instrument is warming up.")
    assert due == job.updated + given * 1000


def test_after_the_last_attempt_it_fails_with_the_text(store: Store) -> None:
    job = ran(store, delay=60, max_attempts=1)
    assert job.failure is not None
    assert (job.status, job.failure.cause) == (JobStatus.FAILED, Cause.CRASHED)
    assert job.failure.message == "The instrument is warming up."
