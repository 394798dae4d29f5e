"""A real API and real workers with a real RabbitMQ between them: every job is run, whatever happens on the way."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from parts import needs_program
from processes import Api, Worker
from rabbitmq_server import RabbitMQ
from submissions import submitted
from waiting import eventually

from jobs.job import FINAL, Job, JobStatus, Priority
from jobs.queues.amqp import AmqpQueue
from jobs.settings import Settings
from jobs.store import Store

pytestmark = [pytest.mark.alone, needs_program("rabbitmq-server")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    with RabbitMQ(tmp_path_factory.mktemp("rabbitmq")) as running:
        yield running


@pytest.fixture
def broker_settings(settings: Settings, server: RabbitMQ) -> Settings:
    return replace(settings, broker_url=server.url, lease=5)


@pytest.fixture
def jobs(broker_settings: Settings) -> Iterator[Store]:
    opened = Store(broker_settings)
    yield opened
    assert isinstance(opened.queue, AmqpQueue)
    opened.queue.close()
    opened.redis.close()


def ended(jobs: Store, job_id: str, *, within: float = 30.0) -> Job:
    eventually(lambda: jobs.find(job_id).status in FINAL, within=within, saying="The job did not end")
    return jobs.find(job_id)


def started(jobs: Store, job_id: str) -> None:
    eventually(lambda: jobs.find(job_id).status is JobStatus.RUNNING, saying="The job did not start")


def test_a_job_that_is_posted_is_run(broker_settings: Settings, tmp_path: Path) -> None:
    with Api(broker_settings, tmp_path) as api, Worker(broker_settings, tmp_path):
        accepted = httpx.post(f"{api.url}/analysis/double/run", json={"params": {"number": 4}}, timeout=10)
        assert accepted.status_code == 202, accepted.text
        job = accepted.headers["operation-location"]
        eventually(lambda: httpx.get(job, timeout=10).json()["status"] == "succeeded")


def test_no_job_waits_behind_a_long_one_while_another_worker_is_free(
    broker_settings: Settings, jobs: Store, server: RabbitMQ, tmp_path: Path
) -> None:
    with Worker(broker_settings, tmp_path, concurrency=1, name="busy"):
        long = submitted(jobs, "nap", params={"seconds": 60}).id
        started(jobs, long)
        short = [submitted(jobs).id for _ in range(3)]
        # None of them is with the busy worker, not even the one that it would take next.
        eventually(lambda: server.waiting(broker_settings.namespace) == len(short))
        with Worker(broker_settings, tmp_path, concurrency=1, name="free"):
            assert {ended(jobs, job).status for job in short} == {JobStatus.SUCCEEDED}
        assert jobs.find(long).status is JobStatus.RUNNING
        jobs.cancel(long)
        assert ended(jobs, long).status is JobStatus.CANCELED
        # The process is free again, and the worker takes messages again.
        assert ended(jobs, submitted(jobs).id).status is JobStatus.SUCCEEDED


def test_a_busy_worker_takes_what_is_urgent_next(broker_settings: Settings, jobs: Store, tmp_path: Path) -> None:
    with Worker(broker_settings, tmp_path, concurrency=1):
        first = submitted(jobs, "nap", params={"seconds": 1}).id
        started(jobs, first)
        low = submitted(jobs, priority=Priority.LOW).id
        high = submitted(jobs, priority=Priority.HIGH).id
        low_started, high_started = ended(jobs, low).started, ended(jobs, high).started
        assert low_started is not None
        assert high_started is not None
        assert high_started < low_started


def test_many_jobs_are_all_run_once(broker_settings: Settings, jobs: Store, tmp_path: Path) -> None:
    with Worker(broker_settings, tmp_path, concurrency=2):
        ids = [submitted(jobs).id for _ in range(200)]
        found = [ended(jobs, job) for job in ids]
    assert {(job.status, job.attempt) for job in found} == {(JobStatus.SUCCEEDED, 1)}


def test_the_jobs_of_a_killed_worker_are_run_by_another(broker_settings: Settings, jobs: Store, tmp_path: Path) -> None:
    with Worker(broker_settings, tmp_path, concurrency=1, name="first") as first:
        running = submitted(jobs, "nap", params={"seconds": 2}).id
        started(jobs, running)
        queued = submitted(jobs).id
        children = first.children
        first.kill()
        for child in children:
            child.kill()
    with Worker(broker_settings, tmp_path, concurrency=1, name="second"):
        assert ended(jobs, queued).status is JobStatus.SUCCEEDED
        found = ended(jobs, running)
    assert (found.status, found.attempt) == (JobStatus.SUCCEEDED, 2)


def test_a_broker_that_dies_and_comes_back_loses_nothing(
    broker_settings: Settings, jobs: Store, server: RabbitMQ, tmp_path: Path
) -> None:
    with Worker(broker_settings, tmp_path, concurrency=1) as worker:
        running = submitted(jobs, "nap", params={"seconds": 3}).id
        started(jobs, running)
        before = [submitted(jobs).id for _ in range(3)]
        server.kill()
        began = time.monotonic()
        meanwhile = [submitted(jobs).id for _ in range(20)]
        assert time.monotonic() - began < 5
        # What it runs it goes on running: the leases are Redis' business.
        found = ended(jobs, running)
        assert (found.status, found.attempt) == (JobStatus.SUCCEEDED, 1)
        server.start()
        for job in [*before, *meanwhile]:
            assert ended(jobs, job, within=60).status is JobStatus.SUCCEEDED
        assert worker.running.poll() is None
        assert worker.stop() == 0
