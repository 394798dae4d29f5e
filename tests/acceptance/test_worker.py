"""A real worker over a real Redis: whatever happens to a run, the job comes to a true end."""

import resource
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from processes import Worker
from submissions import a_submission, submitted
from waiting import eventually

from jobs.job import FINAL, Cause, Job, JobStatus, Priority
from jobs.queues import whole_message
from jobs.roster import Roster
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def module_settings(redis_server: object, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings that the tests of this module share with their worker."""
    return Settings(
        redis_url=redis_server.url,  # type: ignore[attr-defined]
        namespace="test-worker",
        data_dir=str(tmp_path_factory.mktemp("worker")),
        analyses=("samples",),
        lease=2,
        heartbeat=0.2,
        kill_grace=0.5,
        stop_grace=1,
        max_result=100_000,
        retry_delay=0.2,
        recycle_after=20,
    )


@pytest.fixture(scope="module")
def worker(module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with Worker(module_settings, tmp_path_factory.mktemp("log")) as running:
        yield running


@pytest.fixture
def jobs(worker: Worker) -> Iterator[Store]:
    """The store that the worker works for."""
    opened = Store(worker.settings)
    yield opened
    opened.redis.close()


def ended(jobs: Store, job_id: str, *, within: float = 20.0) -> Job:
    eventually(lambda: jobs.find(job_id).status in FINAL, within=within, saying="The job did not end")
    return jobs.find(job_id)


def cause_of(job: Job) -> Cause | None:
    return job.failure.cause if job.failure else None


def started(jobs: Store, job_id: str) -> None:
    eventually(lambda: jobs.find(job_id).status is JobStatus.RUNNING, saying="The job did not start")


def test_a_job_is_run_and_its_result_kept(jobs: Store) -> None:
    job = ended(jobs, submitted(jobs, params={"number": 21}).id)
    assert job.status is JobStatus.SUCCEEDED
    assert orjson.loads(jobs.find_with_result(job.id)[1] or b"") == {"doubled": 42}
    assert job.metrics is not None
    assert job.metrics.peak_memory > 2**20


@pytest.mark.parametrize("priority", Priority)
def test_jobs_of_every_priority_are_run(jobs: Store, priority: Priority) -> None:
    assert ended(jobs, submitted(jobs, priority=priority).id).status is JobStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("analysis", "cause", "said"),
    [
        ("refuse", Cause.REJECTED, "I don't like it."),
        ("mumble", Cause.REJECTED, "without saying why"),
        ("crash", Cause.CRASHED, "log has the details"),
        ("leave", Cause.CRASHED, "log has the details"),
        ("lapse", Cause.CRASHED, "log has the details"),
        ("unwritable", Cause.RESULT_INVALID, "$.scores[1] is a set"),
        ("gorge", Cause.OUT_OF_MEMORY, "more memory"),
        ("huge", Cause.RESULT_TOO_LARGE, "at most 100000 are kept"),
    ],
)
def test_a_run_that_goes_wrong_says_why(jobs: Store, analysis: str, cause: Cause, said: str) -> None:
    job = ended(jobs, submitted(jobs, analysis, params={}).id)
    assert job.failure is not None
    assert (job.status, job.failure.cause) == (JobStatus.FAILED, cause)
    assert said in job.failure.message


def test_a_refusal_that_can_not_be_sent_as_it_is_is_made_sendable(jobs: Store) -> None:
    job = ended(jobs, submitted(jobs, "mumble", params={"length": 10**6}).id)
    assert job.failure is not None
    assert (job.failure.cause, job.failure.message, job.attempt) == (Cause.REJECTED, "?" * 5000, 1)


def test_what_an_analysis_raised_is_in_the_log_with_the_job_and_nowhere_else(jobs: Store, worker: Worker) -> None:
    job = ended(jobs, submitted(jobs, "crash", params={}).id)
    assert job.failure is not None
    assert "hunter2" not in job.failure.message
    log = worker.log.read_text()
    assert "RuntimeError: the password is hunter2" in log
    assert job.id in log


def test_progress_is_seen_while_a_job_runs(jobs: Store) -> None:
    job_id = submitted(jobs, "nap", params={"seconds": 1.5}).id
    eventually(lambda: (jobs.find(job_id).progress or 0) > 20, saying="No progress was seen")
    assert jobs.find(job_id).stage == "napping"
    assert ended(jobs, job_id).progress == 100


def test_a_job_over_its_time_is_asked_to_stop(jobs: Store) -> None:
    job = ended(jobs, submitted(jobs, "nap", params={"seconds": 60}, timeout=0.3).id)
    assert cause_of(job) is Cause.TIMEOUT
    assert job.failure is not None
    assert "stopped" in job.failure.message


def test_a_job_that_holds_the_interpreter_lock_is_killed_and_its_worker_lives(jobs: Store, worker: Worker) -> None:
    job = ended(jobs, submitted(jobs, "sulk", params={"seconds": 60}, timeout=0.3).id)
    assert cause_of(job) is Cause.TIMEOUT
    assert job.failure is not None
    assert "killed" in job.failure.message
    assert worker.running.poll() is None
    assert ended(jobs, submitted(jobs).id).status is JobStatus.SUCCEEDED


def test_a_job_whose_process_was_killed_runs_again(jobs: Store, tmp_path: Path) -> None:
    job = ended(jobs, submitted(jobs, "die", params={"once_in": str(tmp_path / "died")}).id)
    assert (job.status, job.attempt) == (JobStatus.SUCCEEDED, 2)


def test_a_job_that_always_kills_its_process_fails_after_its_attempts(jobs: Store) -> None:
    job = ended(jobs, submitted(jobs, "die", params={}).id)
    assert (cause_of(job), job.attempt) == (Cause.WORKER_LOST, 3)


def test_a_run_that_takes_too_much_memory_leaves_its_process_alive(jobs: Store, worker: Worker) -> None:
    before = {child.pid for child in worker.children}
    assert cause_of(ended(jobs, submitted(jobs, "gorge", params={}).id)) is Cause.OUT_OF_MEMORY
    assert ended(jobs, submitted(jobs, "gorge", params={"size": 2**20}).id).status is JobStatus.SUCCEEDED
    assert {child.pid for child in worker.children} & before


def test_a_run_that_fails_for_now_is_tried_again(jobs: Store, tmp_path: Path) -> None:
    params = {"count_in": str(tmp_path / "tries"), "times": 2}
    job = ended(jobs, submitted(jobs, "falter", params=params).id)
    assert (job.status, job.attempt) == (JobStatus.SUCCEEDED, 3)
    assert orjson.loads(jobs.find_with_result(job.id)[1] or b"") == {"tries": 3}


def test_a_run_that_fails_for_now_too_often_fails(jobs: Store, tmp_path: Path) -> None:
    params = {"count_in": str(tmp_path / "tries"), "times": 99}
    job = ended(jobs, submitted(jobs, "falter", params=params).id)
    assert (cause_of(job), job.attempt) == (Cause.CRASHED, 3)
    assert (tmp_path / "tries").read_text() == "xxx"


def test_a_job_that_is_put_off_can_be_canceled(settings: Settings, store: Store, tmp_path: Path) -> None:
    with Worker(replace(settings, retry_delay=600), tmp_path, concurrency=1):
        params = {"count_in": str(tmp_path / "tries"), "times": 99}
        job_id = submitted(store, "falter", params=params).id
        eventually(lambda: store.find(job_id).attempt == 2, saying="It was not put off")
        assert store.find(job_id).status is JobStatus.QUEUED
        assert store.cancel(job_id) is JobStatus.CANCELED


def test_processes_are_replaced_after_so_many_jobs(jobs: Store, worker: Worker) -> None:
    before = {child.pid for child in worker.children}
    for job in [submitted(jobs) for _ in range(60)]:
        ended(jobs, job.id)
    eventually(lambda: not before & {child.pid for child in worker.children}, saying="The processes were not replaced")


@pytest.mark.parametrize("analysis", ["nap", "sulk"])
def test_a_running_job_is_canceled_though_it_may_be_stubborn(jobs: Store, analysis: str) -> None:
    job_id = submitted(jobs, analysis, params={"seconds": 60}).id
    started(jobs, job_id)
    assert jobs.cancel(job_id) is JobStatus.CANCELING
    assert ended(jobs, job_id).status is JobStatus.CANCELED


def test_a_job_that_was_canceled_in_the_queue_is_not_run(jobs: Store) -> None:
    naps = [submitted(jobs, "nap", params={"seconds": 0.5}).id for _ in range(2)]
    for nap in naps:
        started(jobs, nap)
    waiting = submitted(jobs)
    assert jobs.cancel(waiting.id) is JobStatus.CANCELED
    assert [ended(jobs, nap).status for nap in naps] == [JobStatus.SUCCEEDED] * 2
    assert jobs.find(waiting.id).started is None


def test_a_message_that_is_delivered_twice_is_one_run(jobs: Store) -> None:
    job = submitted(jobs, "nap", params={"seconds": 0.3})
    for _ in range(3):
        jobs.redis.lpush(jobs.queue.key(job.step), whole_message(jobs.queue, job))
    assert ended(jobs, job.id).status is JobStatus.SUCCEEDED
    assert jobs.find(job.id).fence == 1


def test_a_single_job_starts_after_a_few_of_anothers_flood(settings: Settings, store: Store, tmp_path: Path) -> None:
    flood = [store.submit(replace(a_submission(), caller="flood")) for _ in range(1000)]
    single = store.submit(replace(a_submission(), caller="single"))
    with Worker(settings, tmp_path):
        ended(store, single.id)
        started = store.find(single.id).started or 0
        before = [job for job in map(store.find, [job.id for job in flood]) if job.started and job.started < started]
        assert len(before) <= store.settings.few_queued + 2


def test_a_worker_that_stops_lets_its_job_finish(settings: Settings, store: Store, tmp_path: Path) -> None:
    with Worker(replace(settings, stop_grace=30), tmp_path, concurrency=1) as stopping:
        job_id = submitted(store, "nap", params={"seconds": 1}).id
        started(store, job_id)
        assert stopping.stop() == 0
    assert store.find(job_id).status is JobStatus.SUCCEEDED
    assert not Roster(store).members()


def test_a_worker_that_stops_hands_back_what_it_can_not_finish(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    with Worker(replace(settings, stop_grace=0.3), tmp_path, concurrency=1) as stopping:
        job_id = submitted(store, "sulk", params={"seconds": 60}).id
        started(store, job_id)
        assert stopping.stop() == 0
    job = store.find(job_id)
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 1)


def test_a_stop_of_the_whole_process_group_does_not_end_runs(settings: Settings, store: Store, tmp_path: Path) -> None:
    with Worker(replace(settings, stop_grace=30), tmp_path, concurrency=1) as stopping:
        job_id = submitted(store, "nap", params={"seconds": 1.5}).id
        started(store, job_id)
        for child in stopping.children:
            child.terminate()
        assert stopping.stop() == 0
    assert (store.find(job_id).status, store.find(job_id).attempt) == (JobStatus.SUCCEEDED, 1)


def test_a_cold_stop_loses_no_job(settings: Settings, store: Store, tmp_path: Path) -> None:
    with Worker(replace(settings, stop_grace=600), tmp_path, concurrency=1) as stopping:
        job_id = submitted(store, "nap", params={"seconds": 60}).id
        started(store, job_id)
        stopping.running.send_signal(signal.SIGQUIT)
        stopping.running.wait(30)

    def queued_again() -> bool:
        sweep(store)
        return store.find(job_id).status is JobStatus.QUEUED

    eventually(queued_again)


def test_a_lost_connection_leaves_no_job_waiting_behind_a_busy_process(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    with Worker(replace(settings, lease=30, resend_after=30), tmp_path, concurrency=2):
        long = submitted(store, "nap", params={"seconds": 12}).id
        started(store, long)
        for client in store.redis.client_list():
            if client["id"] != str(store.redis.client_id()):
                store.redis.client_kill_filter(_id=client["id"])
        quick = [submitted(store).id for _ in range(6)]
        for job_id in quick:
            ended(store, job_id)
        assert store.find(long).status is JobStatus.RUNNING


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux to limit the files of another process")
def test_a_result_that_the_blob_store_can_not_take_fails_its_job_and_the_worker_lives(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    with Worker(replace(settings, inline_limit=1000), tmp_path, concurrency=1) as worker:
        [process] = worker.children
        # As with a full disk, a write fails in its midst.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
        job = ended(store, submitted(store, "huge", params={}).id)
        assert ended(store, submitted(store).id).status is JobStatus.SUCCEEDED
        assert [child.pid for child in worker.children] == [process.pid]
    assert cause_of(job) is Cause.STORAGE
    assert not list((tmp_path / "blobs").rglob("*.part"))


def test_the_jobs_of_a_killed_worker_run_on_another(settings: Settings, store: Store, tmp_path: Path) -> None:
    with Worker(settings, tmp_path, concurrency=1, name="first") as first:
        job_id = submitted(store, "nap", params={"seconds": 0.5}).id
        started(store, job_id)
        first.kill()
    with Worker(settings, tmp_path, concurrency=1, name="second"):
        job = ended(store, job_id)
    assert (job.status, job.attempt) == (JobStatus.SUCCEEDED, 2)
