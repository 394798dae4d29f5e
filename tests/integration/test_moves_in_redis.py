"""Every legal move and every illegal one, tried on the real scripts."""

from collections.abc import Callable, Mapping
from contextlib import suppress

import pytest
from submissions import NOTHING, submitted

from jobs.claims import Claim, Progress
from jobs.errors import ClaimRefused, LeaseLost
from jobs.job import FINAL, MOVES, Cause, Failure, Job, JobStatus
from jobs.leases import Leases
from jobs.store import Store

FAILURE = Failure(cause=Cause.CRASHED, message="It crashed.")


class Bench:
    """One job, and everybody who might want to move it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.worker = Leases(store, worker="worker-1")
        self.job: Job = submitted(store, expires_in=3600.0)
        self._claim: Claim | None = None

    def bring_to(self, status: JobStatus) -> None:
        """Moves the job there by legal moves."""
        if status is JobStatus.CANCELED:
            self.cancel()
        elif status is not JobStatus.QUEUED:
            self.claim()
        if status is JobStatus.CANCELING:
            self.cancel()
        if status is JobStatus.SUCCEEDED:
            self.succeed()
        if status is JobStatus.FAILED:
            self.fail()

    def record(self) -> Mapping[bytes, bytes]:
        return self.store.redis.hgetall(self.store.keys.record(self.job.id))

    def claim(self) -> None:
        self._claim = self.worker.claim(self.job.id)

    def claim_too_late(self) -> None:
        self.store.redis.zadd(self.store.keys.waits, {self.job.id: 1})
        self.claim()

    def succeed(self) -> None:
        self.worker.succeed(self._held(), b"{}", metrics=NOTHING)

    def fail(self) -> None:
        self.worker.fail(self._held(), FAILURE, metrics=NOTHING)

    def note(self) -> None:
        self.worker.note(self._held(), progress=Progress(share=50, stage="half"))

    def cancel(self) -> None:
        self.store.cancel(self.job.id)

    def lose(self) -> None:
        self.worker.release(self.job.id, why="worker_lost")

    def lose_for_time(self) -> None:
        self.worker.release(self.job.id, why="timeout")

    def hand_back(self) -> None:
        self.worker.release(self.job.id, why="handed_back")

    def _held(self) -> Claim:
        """The claim; where there never was one, what a cheat would forge."""
        return self._claim or Claim(job=self.store.find(self.job.id), packed=b"")


ACTIONS: Mapping[str, Callable[[Bench], None]] = {
    name: getattr(Bench, name)
    for name in (
        "claim",
        "claim_too_late",
        "succeed",
        "fail",
        "note",
        "cancel",
        "lose",
        "lose_for_time",
        "hand_back",
    )
}


def tried(store: Store, status: JobStatus, action: str) -> JobStatus:
    bench = Bench(store)
    bench.bring_to(status)
    assert store.find(bench.job.id).status is status
    before = bench.record()
    with suppress(ClaimRefused, LeaseLost):
        ACTIONS[action](bench)
    after = store.find(bench.job.id).status
    if status in FINAL:
        assert bench.record() == before
    return after


@pytest.mark.parametrize("status", JobStatus)
@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_moves_a_job_where_the_table_has_no_move(store: Store, status: JobStatus, action: str) -> None:
    after = tried(store, status, action)
    assert after is status or after in MOVES[status]


@pytest.mark.parametrize("status", JobStatus)
def test_every_move_of_the_table_can_be_made(store: Store, status: JobStatus) -> None:
    assert {tried(store, status, action) for action in ACTIONS} - {status} == MOVES[status]


def test_a_second_claim_is_refused(store: Store) -> None:
    bench = Bench(store)
    bench.claim()
    with pytest.raises(ClaimRefused, match="running"):
        Leases(store, worker="worker-2").claim(bench.job.id)


def test_a_claim_that_is_sent_twice_is_one_claim(store: Store) -> None:
    job_id = submitted(store).id
    process = Leases(store, worker="worker-1/4711")
    assert process.claim(job_id) == process.claim(job_id)


def test_a_job_that_nobody_submitted_is_not_claimed(store: Store) -> None:
    with pytest.raises(ClaimRefused, match="missing"):
        Leases(store, worker="worker-1").claim("0193a5f4-7c00-7000-8000-000000000000")


def test_the_late_result_of_an_old_attempt_is_discarded(store: Store) -> None:
    bench = Bench(store)
    bench.claim()
    late = bench._held()
    bench.lose()
    bench.claim()
    with pytest.raises(LeaseLost, match="fenced"):
        bench.worker.succeed(late, b'{"of": "the old attempt"}', metrics=NOTHING)
    bench.succeed()
    assert store.find_with_result(bench.job.id)[1] == b"{}"


def test_another_worker_can_not_give_a_job_up(store: Store) -> None:
    bench = Bench(store)
    bench.claim()
    assert Leases(store, worker="worker-2").release(bench.job.id, why="worker_lost") is JobStatus.RUNNING


def test_a_canceled_job_ends_canceled_though_its_analysis_has_succeeded(store: Store) -> None:
    bench = Bench(store)
    bench.bring_to(JobStatus.CANCELING)
    assert bench.worker.succeed(bench._held(), b"{}", metrics=NOTHING) is JobStatus.CANCELED
    assert store.find_with_result(bench.job.id)[1] is None


def test_a_lost_job_has_as_many_attempts_as_it_may_and_then_fails(store: Store) -> None:
    bench = Bench(store)
    attempts = []
    while store.find(bench.job.id).status is JobStatus.QUEUED:
        bench.claim()
        attempts.append(store.find(bench.job.id).attempt)
        bench.lose()
    job = store.find(bench.job.id)
    assert attempts == [1, 2, 3]
    assert job.failure is not None
    assert job.failure.cause is Cause.WORKER_LOST


def test_a_job_that_is_handed_back_keeps_its_attempts(store: Store) -> None:
    bench = Bench(store)
    for _ in range(5):
        bench.claim()
        bench.hand_back()
    job = store.find(bench.job.id)
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 1)


def test_a_job_that_waited_too_long_is_failed_and_not_run(store: Store) -> None:
    bench = Bench(store)
    with pytest.raises(ClaimRefused):
        bench.claim_too_late()
    job = store.find(bench.job.id)
    assert job.failure is not None
    assert (job.status, job.failure.cause, job.started) == (JobStatus.FAILED, Cause.EXPIRED, None)
