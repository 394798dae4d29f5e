"""The handle that an analysis is given, over a real store."""

import time
from collections.abc import Sequence

import pytest
from submissions import submitted
from waiting import eventually

from jobs.claims import Claim
from jobs.leases import Leases
from jobs.scripts import Argument, Reply
from jobs.store import Store
from worker.handle import PACE, JobHandle
from worker.interrupt import Interrupted


class CountingLeases(Leases):
    """Leases that count how often the store is reached."""

    reached = 0

    def note(self, claim: Claim, **said: object) -> object:  # type: ignore[override]
        self.reached += 1
        return super().note(claim, **said)  # type: ignore[arg-type]


@pytest.fixture
def leases(store: Store) -> CountingLeases:
    return CountingLeases(store, worker="worker-1")


@pytest.fixture
def handle(store: Store, leases: CountingLeases) -> JobHandle:
    return JobHandle(leases, leases.claim(submitted(store).id))


def test_progress_is_written_with_its_stage(store: Store, handle: JobHandle) -> None:
    handle.progress(0.25, "fold 1 of 4")
    assert (store.find(handle.id).progress, store.find(handle.id).stage) == (25, "fold 1 of 4")


def test_what_is_said_too_often_is_written_at_most_five_times_a_second(
    handle: JobHandle, leases: CountingLeases
) -> None:
    began = time.monotonic()
    for step in range(10_000):
        handle.progress(step / 10_000)
        handle.should_finish()
    assert 1 <= leases.reached <= 1 + (time.monotonic() - began) / PACE


def test_the_last_word_is_written_by_the_next_look(store: Store, handle: JobHandle) -> None:
    handle.progress(0.1)
    handle.progress(0.9, "late")

    def written() -> bool:
        handle.should_finish()
        return store.find(handle.id).progress == 90

    eventually(written)


def test_a_line_is_the_jobs_message_at_once(store: Store, handle: JobHandle) -> None:
    handle.log("halfway there")
    assert store.find(handle.id).message == "halfway there"


@pytest.mark.parametrize("fraction", [-0.1, 1.01, float("nan"), float("inf")])
def test_a_share_that_is_none_is_refused(handle: JobHandle, fraction: float) -> None:
    with pytest.raises(ValueError, match="share from 0 to 1"):
        handle.progress(fraction)


def test_a_run_hears_that_it_shall_finish(store: Store, handle: JobHandle) -> None:
    assert not handle.should_finish()
    store.finish(handle.id)
    eventually(handle.should_finish)


def test_a_canceled_run_is_interrupted(store: Store, handle: JobHandle) -> None:
    store.cancel(handle.id)
    with pytest.raises(Interrupted):
        handle.progress(0.5)


def test_a_run_that_has_lost_its_job_is_interrupted(store: Store, handle: JobHandle, leases: CountingLeases) -> None:
    leases.release(handle.id, why="worker_lost")
    with pytest.raises(Interrupted):
        handle.log("still here")


def test_what_is_sent_twice_is_told_once(
    store: Store, handle: JobHandle, leases: CountingLeases, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.scripts.run

    def run_twice(name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Reply:
        assert run(name, keys, arguments) == run(name, keys, arguments) == [b"running", 0]
        return [b"running", 0]

    monkeypatch.setattr(store.scripts, "run", run_twice)
    handle.progress(0.5, "half")
    handle.log("half way")
    handle.log("half way")
    monkeypatch.undo()
    told = store.redis.lrange(store.keys.events(handle.id), 0, -1)
    assert [entry.split(b" ")[1] for entry in told] == [b"status", b"progress", b"log", b"log"]
    assert store.redis.llen(store.keys.logs(handle.id)) == 2


def test_another_attempt_is_heard_though_the_one_before_said_more(store: Store, leases: CountingLeases) -> None:
    job_id = submitted(store).id
    first = leases.claim(job_id)
    store.redis.hset(store.keys.record(job_id), "noted", f"{first.job.fence} {2**52}")
    leases.note(first, message="from a clock that runs ahead")
    assert store.find(job_id).message == ""
    leases.release(job_id, why="worker_lost")
    leases.note(leases.claim(job_id), message="again")
    assert store.find(job_id).message == "again"
