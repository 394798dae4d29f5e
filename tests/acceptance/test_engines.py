"""What every queue engine owes: real workers over a real Redis, the same tests for each engine."""

import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import psutil
import pytest
from processes import Role, Worker
from redis import Redis
from submissions import submitted
from waiting import eventually

from jobs.errors import StoreUnavailable
from jobs.internal import internal_settings, internal_submission
from jobs.job import FINAL, Cause, Job, JobStatus, Priority, new_id
from jobs.queues import whole_message
from jobs.roster import Roster
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress

pytestmark = pytest.mark.alone

#: How long a job may take to end on a busy machine, seconds.
SOON = 30.0


@pytest.fixture(scope="module", params=["celery", "rq"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def shared(engine: str, redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker of the engine that most tests share."""
    settings = Settings(
        redis_url=redis_server.url,
        engine=engine,
        namespace=f"test-engine-{engine}",
        data_dir=str(tmp_path_factory.mktemp(engine)),
        analyses=("samples",),
        # The machine may be busy, and here nothing is to be lost by itself.
        redis_timeout=5,
        lease=5,
        heartbeat=0.2,
        kill_grace=0.5,
        retry_delay=0.1,
    )
    with Worker(settings, tmp_path_factory.mktemp("log")) as running:
        yield running


@pytest.fixture
def jobs(shared: Worker) -> Iterator[Store]:
    """The store that the shared worker works for."""
    opened = Store(shared.settings)
    yield opened
    opened.redis.close()


@pytest.fixture
def own_settings(engine: str, settings: Settings) -> Settings:
    """Settings for a worker of the test's own."""
    return replace(settings, engine=engine, lease=2, redis_timeout=5)


@pytest.fixture
def own(own_settings: Settings) -> Iterator[Store]:
    opened = Store(own_settings)
    yield opened
    opened.redis.close()


def ended(store: Store, job_id: str) -> Job:
    eventually(lambda: store.find(job_id).status in FINAL, within=SOON, saying="The job did not end")
    return store.find(job_id)


def process_of(store: Store, job_id: str) -> int:
    """The process that runs the job, once there is one."""
    eventually(lambda: store.find(job_id).status is JobStatus.RUNNING, within=SOON, saying="The job did not start")
    holder = store.redis.hget(store.keys.record(job_id), "worker") or b""
    return int(holder.rpartition(b"/")[2])


def cause_of(job: Job) -> Cause | None:
    return job.failure.cause if job.failure else None


def test_a_job_is_run_and_its_result_kept(jobs: Store) -> None:
    job = ended(jobs, submitted(jobs, params={"number": 21}).id)
    assert (job.status, job.attempt) == (JobStatus.SUCCEEDED, 1)
    assert orjson.loads(jobs.find_with_result(job.id)[1] or b"") == {"doubled": 42}


def test_the_worker_is_on_the_roster_with_its_engine(jobs: Store, engine: str) -> None:
    [member] = Roster(jobs).members()
    assert (member.engine, member.slots) == (engine, 2)


def test_a_job_that_raises_fails_and_the_next_one_runs(jobs: Store) -> None:
    assert cause_of(ended(jobs, submitted(jobs, "crash", params={}).id)) is Cause.CRASHED
    assert ended(jobs, submitted(jobs).id).status is JobStatus.SUCCEEDED


def test_a_job_that_fails_for_now_is_brought_again(jobs: Store, tmp_path: Path) -> None:
    job = ended(jobs, submitted(jobs, "falter", params={"count_in": str(tmp_path / "tries"), "times": 2}).id)
    assert (job.status, job.attempt) == (JobStatus.SUCCEEDED, 3)


@pytest.mark.parametrize("analysis", ["nap", "sulk"])
def test_a_running_job_is_canceled_though_it_may_be_stubborn(jobs: Store, analysis: str) -> None:
    job_id = submitted(jobs, analysis, params={"seconds": 60}).id
    process = process_of(jobs, job_id)
    assert jobs.cancel(job_id) is JobStatus.CANCELING
    assert ended(jobs, job_id).status is JobStatus.CANCELED
    if analysis == "sulk":
        eventually(lambda: not psutil.pid_exists(process), saying="Its process was not killed")


@pytest.mark.parametrize(("analysis", "said"), [("nap", "stopped"), ("sulk", "killed")])
def test_a_job_over_its_time_is_ended(jobs: Store, analysis: str, said: str) -> None:
    job = ended(jobs, submitted(jobs, analysis, params={"seconds": 60}, timeout=0.3).id)
    assert cause_of(job) is Cause.TIMEOUT
    assert job.failure is not None
    assert said in job.failure.message


def test_a_job_that_takes_too_much_memory_fails(jobs: Store) -> None:
    assert cause_of(ended(jobs, submitted(jobs, "gorge", params={}).id)) is Cause.OUT_OF_MEMORY


def test_a_job_whose_process_is_killed_runs_again_at_once(jobs: Store) -> None:
    job_id = submitted(jobs, "nap", params={"seconds": 1}).id
    os.kill(process_of(jobs, job_id), signal.SIGKILL)
    # Sooner than its lease of 5 s lapses: the parent has noticed.
    eventually(lambda: jobs.find(job_id).attempt == 2, within=4, saying="It was not given back")
    assert ended(jobs, job_id).status is JobStatus.SUCCEEDED


def test_a_job_that_always_kills_its_process_fails_after_its_attempts(jobs: Store, shared: Worker) -> None:
    job = ended(jobs, submitted(jobs, "die", params={}).id)
    assert (cause_of(job), job.attempt) == (Cause.WORKER_LOST, 3)
    assert shared.running.poll() is None


def test_a_message_that_is_delivered_twice_is_one_run(jobs: Store) -> None:
    job = submitted(jobs, "nap", params={"seconds": 0.3})
    for _ in range(3):
        jobs.redis.lpush(jobs.queue.key(job.step), whole_message(jobs.queue, job))
        jobs.forward()
    assert ended(jobs, job.id).status is JobStatus.SUCCEEDED
    assert ended(jobs, submitted(jobs, priority=Priority.LOW).id).status is JobStatus.SUCCEEDED
    assert jobs.find(job.id).fence == 1


def test_a_message_that_was_lost_is_sent_again(own_settings: Settings, own: Store, tmp_path: Path) -> None:
    job_id = submitted(own).id
    taken = [waiting for waiting in own.queue.waiting(own.redis) if waiting and waiting.next_id]
    assert [waiting.next_id for waiting in taken] == [job_id]
    own.redis.delete(taken[0].key)
    with Worker(own_settings, tmp_path, concurrency=1):
        assert ended(own, job_id).status is JobStatus.SUCCEEDED


def test_the_queue_is_taken_in_the_order_of_priorities(own_settings: Settings, own: Store, tmp_path: Path) -> None:
    asked = [Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.LOW, Priority.NORMAL, Priority.HIGH]
    submissions = [submitted(own, priority=priority) for priority in asked]
    with Worker(own_settings, tmp_path, concurrency=1):
        done = [ended(own, job.id) for job in submissions]
    started = sorted(done, key=lambda job: (job.started or 0, job.id))
    assert [job.priority for job in started] == sorted(asked, key=list(Priority).index)


def test_a_job_that_this_worker_does_not_know_waits_for_one_that_does(
    own_settings: Settings, own: Store, tmp_path: Path
) -> None:
    unknown = submitted(own, "of_the_next_version").id
    with Worker(own_settings, tmp_path, concurrency=1):
        # One after the other: when this has ended, that has been looked at.
        assert ended(own, submitted(own).id).status is JobStatus.SUCCEEDED
    assert own.find(unknown).status is JobStatus.QUEUED


def test_a_deploy_lets_the_job_finish_whatever_signals_its_processes_get(
    own_settings: Settings, own: Store, tmp_path: Path
) -> None:
    with Worker(replace(own_settings, stop_grace=30), tmp_path, concurrency=1) as stopping:
        job_id = submitted(own, "nap", params={"seconds": 1.5}).id
        process_of(own, job_id)
        waiting = submitted(own).id
        # As when the whole process group is told to end.
        for child in psutil.Process(stopping.running.pid).children(recursive=True):
            child.terminate()
        assert stopping.stop(within=SOON) == 0
    assert (own.find(job_id).status, own.find(job_id).attempt) == (JobStatus.SUCCEEDED, 1)
    assert own.find(waiting).status is JobStatus.QUEUED
    assert not Roster(own).members()


def test_a_deploy_hands_back_what_can_not_finish(own_settings: Settings, own: Store, tmp_path: Path) -> None:
    with Worker(replace(own_settings, stop_grace=0.3), tmp_path, concurrency=1) as stopping:
        job_id = submitted(own, "sulk", params={"seconds": 60}).id
        process = process_of(own, job_id)
        assert stopping.stop(within=SOON) == 0
    assert (own.find(job_id).status, own.find(job_id).attempt) == (JobStatus.QUEUED, 1)
    assert not psutil.pid_exists(process)


def test_the_job_of_a_killed_worker_runs_on_another_one_and_its_process_is_gone(
    own_settings: Settings, own: Store, tmp_path: Path
) -> None:
    with Worker(own_settings, tmp_path, concurrency=1, name="first") as first:
        job_id = submitted(own, "nap", params={"seconds": 2}).id
        process = process_of(own, job_id)
        first.kill()
    with Worker(own_settings, tmp_path, concurrency=1, name="second"):
        job = ended(own, job_id)
    assert (job.status, job.attempt) == (JobStatus.SUCCEEDED, 2)
    assert not psutil.pid_exists(process)


@pytest.fixture
def own_redis() -> Iterator[EmbeddedRedis]:
    """A Redis to break; it answers once a write is on the disk."""
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as folder:
        server = EmbeddedRedis(data_dir=Path(folder), address=RedisAddress(socket=Path(folder, "redis.sock")))
        with server:
            Redis.from_url(server.url).config_set("appendfsync", "always")
            yield server


def test_a_restart_of_redis_costs_no_job(own_settings: Settings, own_redis: EmbeddedRedis, tmp_path: Path) -> None:
    store = Store(replace(own_settings, redis_url=own_redis.url, lease=30))
    with Worker(store.settings, tmp_path, concurrency=2):
        job_id = submitted(store, "nap", params={"seconds": 1.5}).id
        process_of(store, job_id)
        own_redis.kill()
        own_redis.start()
        later = eventually(lambda: accepted(store), saying="Redis did not come back")
        assert ended(store, later).status is JobStatus.SUCCEEDED
        job = ended(store, job_id)
    assert (job.status, job.attempt) == (JobStatus.SUCCEEDED, 1)
    store.redis.close()


def accepted(store: Store) -> str:
    """The id of a job that was taken in; "" while the store is away."""
    try:
        return submitted(store).id
    except StoreUnavailable:
        return ""


def test_internal_jobs_are_run_too(own_settings: Settings, tmp_path: Path) -> None:
    store = Store(internal_settings(own_settings))
    params = {"job_id": new_id(), "figure": "roc", "picture": "svg"}
    job = store.submit(internal_submission("draw_figure", params, job_id=new_id(), caller="anonymous"))
    with Role(own_settings, ("worker", "--internal", "--concurrency", "1"), tmp_path / "internal.log"):
        done = ended(store, job.id)
    assert done.failure is not None
    assert done.failure.message == "The job is no longer known."
    store.redis.close()
