"""Processes of a worker that are replaced after so many jobs: the next job hardly waits for it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from processes import Worker
from submissions import submitted
from waiting import eventually

from jobs.job import FINAL, JobStatus
from jobs.settings import Settings
from jobs.store import Store

pytestmark = pytest.mark.alone

#: The heartbeat notices an ended process as well; here it is far too slow for that.
HEARTBEAT = 5.0


@pytest.fixture
def jobs(settings: Settings, tmp_path: Path) -> Iterator[Store]:
    """The store of a worker with one process, which is replaced after each job."""
    slow = replace(settings, recycle_after=1, heartbeat=HEARTBEAT, lease=3 * HEARTBEAT, resend_after=60.0)
    with Worker(slow, tmp_path, concurrency=1):
        opened = Store(slow)
        yield opened
        opened.redis.close()


def wait_of_a_job(jobs: Store) -> float:
    """How long it was queued until its run began, seconds."""
    job_id = submitted(jobs).id
    eventually(lambda: jobs.find(job_id).status in FINAL, saying="The job did not end")
    job = jobs.find(job_id)
    assert job.status is JobStatus.SUCCEEDED
    assert job.started is not None
    return (job.started - job.created) / 1000


def test_no_job_waits_until_the_heartbeat_notices_a_replaced_process(jobs: Store) -> None:
    first, *waits = [wait_of_a_job(jobs) for _ in range(12)]
    assert first < HEARTBEAT
    assert max(waits) < 0.8 * HEARTBEAT
    # A process that is done ends at once: Celery's would stay for a second.
    assert min(waits) < 1
