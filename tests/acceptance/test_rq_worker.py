"""What only RQ's workers have: a process for each job, RQ's own books, and RQ's workers that may die themselves."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest
from processes import Worker
from rq import Queue
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.suspension import resume, suspend
from rq.worker import Worker as RqWorker
from submissions import submitted
from waiting import eventually

from jobs.job import FINAL, Job, JobStatus
from jobs.queues.rq import queue_name
from jobs.roster import Roster
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis

pytestmark = pytest.mark.alone

#: How long a job may take to end on a busy machine, seconds.
SOON = 30.0


@pytest.fixture(scope="module")
def worker(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    settings = Settings(
        redis_url=redis_server.url,
        engine="rq",
        namespace="test-rq-worker",
        data_dir=str(tmp_path_factory.mktemp("data")),
        analyses=("samples",),
        redis_timeout=5,
        lease=10,
        heartbeat=0.2,
        kill_grace=0.5,
        resend_after=30,
    )
    with Worker(settings, tmp_path_factory.mktemp("log"), concurrency=1) as running:
        yield running


@pytest.fixture
def jobs(worker: Worker) -> Iterator[Store]:
    opened = Store(worker.settings)
    yield opened
    opened.redis.close()


def ended(jobs: Store, job_id: str) -> Job:
    eventually(lambda: jobs.find(job_id).status in FINAL, within=SOON, saying="The job did not end")
    return jobs.find(job_id)


def running(jobs: Store, *, seconds: float) -> str:
    """The id of a job that runs now."""
    job_id = submitted(jobs, "nap", params={"seconds": seconds}).id
    eventually(lambda: jobs.find(job_id).status is JobStatus.RUNNING, within=SOON, saying="The job did not start")
    return job_id


def horse_of(jobs: Store, job_id: str) -> psutil.Process:
    holder = jobs.redis.hget(jobs.keys.record(job_id), "worker") or b""
    return psutil.Process(int(holder.rpartition(b"/")[2]))


def rq_workers(jobs: Store) -> list[RqWorker]:
    """The workers that consume these queues, as RQ's own tools see them."""
    queue = Queue(queue_name(jobs.settings.namespace, 0), connection=jobs.redis, serializer=JSONSerializer)
    return RqWorker.all(queue=queue, serializer=JSONSerializer)  # type: ignore[return-value]


def keys_of(jobs: Store, job_id: str) -> list[bytes]:
    """What RQ knows of the job."""
    return list(jobs.redis.scan_iter(f"rq:*{job_id}*"))


def test_rq_s_tools_show_the_worker_and_its_job_by_our_names(jobs: Store) -> None:
    job_id = running(jobs, seconds=1)
    [member] = Roster(jobs).members()
    [shown] = rq_workers(jobs)
    assert (shown.name, shown.get_state()) == (f"{member.name}.1", "busy")
    message = shown.get_current_job()
    assert message is not None
    assert (message.id, message.description, message.get_status()) == (job_id, "nap", "started")
    started = StartedJobRegistry(message.origin, connection=jobs.redis, serializer=JSONSerializer)
    assert started.get_job_ids() == [job_id]
    ended(jobs, job_id)


def test_each_job_has_a_process_of_its_own_that_is_gone_after_it(jobs: Store) -> None:
    horses = []
    for _ in range(2):
        job_id = running(jobs, seconds=0.5)
        horses.append(horse_of(jobs, job_id))
        ended(jobs, job_id)
    assert horses[0].pid != horses[1].pid
    eventually(lambda: not any(horse.is_running() for horse in horses), saying="A horse is left")


def test_nothing_of_a_job_is_left_in_rq_when_it_has_ended(jobs: Store) -> None:
    done = [ended(jobs, submitted(jobs, analysis, params={}).id) for analysis in ("nap", "crash")]
    for job in done:
        eventually(lambda job=job: not keys_of(jobs, job.id), saying="RQ has something left")  # type: ignore[misc]
        failed = FailedJobRegistry(queue_name(jobs.settings.namespace, job.step), connection=jobs.redis)
        assert failed.get_job_ids() == []


def test_a_job_that_was_canceled_in_the_queue_is_not_run_and_not_left_in_rq(jobs: Store) -> None:
    before = running(jobs, seconds=0.5)
    waiting = submitted(jobs).id
    assert jobs.cancel(waiting) is JobStatus.CANCELED
    ended(jobs, before)
    eventually(lambda: not keys_of(jobs, waiting), saying="RQ has something left")
    assert jobs.find(waiting).started is None


def test_an_id_in_rq_s_queue_is_enough_though_rq_has_forgotten_the_job(jobs: Store) -> None:
    before = running(jobs, seconds=3)
    job_id = submitted(jobs).id
    assert jobs.redis.delete(f"rq:job:{job_id}") == 1
    assert ended(jobs, job_id).status is JobStatus.SUCCEEDED
    ended(jobs, before)
    eventually(lambda: not keys_of(jobs, job_id), saying="RQ has something left")


def test_something_strange_in_rq_s_queue_stops_nobody(jobs: Store) -> None:
    queue = Queue(queue_name(jobs.settings.namespace, 0), connection=jobs.redis, serializer=JSONSerializer)
    for strange in ("no such job", "", "a:b:c", "../../etc"):
        queue.push_job_id(strange)
    assert ended(jobs, submitted(jobs).id).status is JobStatus.SUCCEEDED


def test_a_killed_rq_worker_takes_its_horse_with_it_and_both_are_replaced(jobs: Store, worker: Worker) -> None:
    job_id = running(jobs, seconds=2)
    [courier], horse = worker.children, horse_of(jobs, job_id)
    assert horse.ppid() == courier.pid
    os.kill(courier.pid, signal.SIGKILL)
    # Sooner than its lease of 10 s lapses: the parent has noticed.
    eventually(lambda: jobs.find(job_id).attempt == 2, within=8, saying="It was not given back")
    eventually(lambda: not horse.is_running() or horse.status() == psutil.STATUS_ZOMBIE, saying="The horse lives")
    assert ended(jobs, job_id).status is JobStatus.SUCCEEDED
    assert [child.pid for child in worker.children] != [courier.pid]
    assert [shown.name for shown in rq_workers(jobs)] == [f"{Roster(jobs).members()[0].name}.1"]


def test_rq_suspend_holds_the_workers_back_and_rq_resume_lets_them_go_on(jobs: Store) -> None:
    suspend(jobs.redis)
    try:
        eventually(lambda: [each.get_state() for each in rq_workers(jobs)] == ["suspended"], saying="It goes on")
        job_id = submitted(jobs).id
        assert jobs.find(job_id).status is JobStatus.QUEUED
    finally:
        resume(jobs.redis)
    assert ended(jobs, job_id).status is JobStatus.SUCCEEDED
