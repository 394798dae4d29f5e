"""The sweep: what nobody cares for any more is found and put right."""

from dataclasses import replace

import pytest
from submissions import submitted
from waiting import eventually

from jobs.claims import Held, Verdict
from jobs.job import Cause, JobStatus, Priority, steps_of
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep

#: The first step of the usual priority.
NORMAL = steps_of(Priority.NORMAL).start


@pytest.fixture
def worker(store: Store) -> Leases:
    return Leases(store, worker="worker-1")


def verdict_on(worker: Leases, job_id: str) -> Verdict:
    held = Held(job_id, worker.worker)
    return worker.renew([held])[held]


def recovered(store: Store, job_id: str) -> str:
    """What the sweep does with this job, as soon as it does something."""
    return eventually(lambda: sweep(store).recovered.get(job_id, ""))


def test_a_job_with_a_lapsed_lease_is_queued_again_with_a_message(store: Store, worker: Leases) -> None:
    job = submitted(store)
    store.redis.delete(store.queue.key(NORMAL))
    worker.claim(job.id)
    assert recovered(store, job.id) == "requeued"
    assert (store.find(job.id).status, store.find(job.id).attempt) == (JobStatus.QUEUED, 2)
    [message] = store.redis.lrange(store.queue.key(NORMAL), 0, -1)
    assert store.queue.job_id(message) == job.id


def test_a_renewed_lease_does_not_lapse(settings: Settings) -> None:
    store = Store(replace(settings, lease=2))
    worker = Leases(store, worker="worker-1")
    job = submitted(store)
    worker.claim(job.id)
    first = store.redis.zscore(store.keys.leases, job.id)

    def renewed_past_the_first_lease() -> bool:
        assert worker.renew([Held(job.id, "worker-1")]) == {(job.id, "worker-1"): Verdict.KEEP}
        assert sweep(store).recovered == {}
        seconds, micros = store.redis.time()
        return seconds * 1000 + micros / 1000 > first

    eventually(renewed_past_the_first_lease)


def test_a_canceling_job_with_a_lapsed_lease_is_canceled(store: Store, worker: Leases) -> None:
    job = submitted(store)
    worker.claim(job.id)
    store.cancel(job.id)
    assert recovered(store, job.id) == "canceled"


def test_a_job_whose_wait_has_ended_fails_as_expired(store: Store) -> None:
    job = submitted(store, expires_in=0.05)
    assert recovered(store, job.id) == "failed"
    failure = store.find(job.id).failure
    assert failure is not None
    assert failure.cause is Cause.EXPIRED


@pytest.mark.parametrize("priority", Priority)
def test_a_lost_message_is_sent_again(store: Store, priority: Priority) -> None:
    job = submitted(store, priority=priority)
    store.redis.delete(store.queue.key(steps_of(priority).start))
    assert recovered(store, job.id) == "sent"
    assert store.redis.llen(store.queue.key(steps_of(priority).start)) == 1


def test_a_lost_message_is_sent_again_though_the_queue_is_never_empty(store: Store) -> None:
    lost = submitted(store)
    store.redis.delete(store.queue.key(NORMAL))
    others = [submitted(store).id for _ in range(3)]
    assert recovered(store, lost.id) == "sent"
    assert not set(others) & set(sweep(store).recovered)


def test_a_message_that_waits_its_turn_is_not_sent_again(store: Store) -> None:
    jobs = [submitted(store) for _ in range(3)]
    oldest = store.redis.zscore(store.keys.lane(NORMAL), jobs[-1].id)

    def long_enough() -> bool:
        assert sweep(store).recovered == {}
        seconds, micros = store.redis.time()
        return seconds * 1000 + micros / 1000 > oldest + 2000 * store.settings.resend_after

    eventually(long_enough)
    assert store.redis.llen(store.queue.key(NORMAL)) == 3


def test_a_message_that_is_none_of_ours_does_not_stop_the_sweep(store: Store) -> None:
    job = submitted(store)
    store.redis.delete(store.queue.key(NORMAL))
    store.redis.rpush(store.queue.key(NORMAL), b"\xff not json")
    assert sweep(store).recovered == {}
    store.redis.delete(store.queue.key(NORMAL))
    assert recovered(store, job.id) == "sent"


def test_the_supervisor_is_told_what_to_do_with_an_overdue_job(settings: Settings) -> None:
    store = Store(replace(settings, kill_grace=0.2))
    worker = Leases(store, worker="worker-1")
    job = submitted(store, timeout=0.1)
    worker.claim(job.id)
    seen: list[Verdict] = []

    def killed() -> bool:
        verdict = verdict_on(worker, job.id)
        if verdict not in seen:
            seen.append(verdict)
        return verdict is Verdict.KILL

    eventually(killed)
    assert seen[-2:] == [Verdict.ASK, Verdict.KILL]
    assert worker.release(job.id, why="timeout") is JobStatus.FAILED
    failure = store.find(job.id).failure
    assert failure is not None
    assert failure.cause is Cause.TIMEOUT


def test_a_job_that_another_worker_has_is_lost(store: Store, worker: Leases) -> None:
    job = submitted(store)
    other = Leases(store, worker="worker-2")
    verdicts = [verdict_on(worker, job.id)]
    other.claim(job.id)
    verdicts.append(verdict_on(worker, job.id))
    store.cancel(job.id)
    other.release(job.id, why="worker_lost")
    verdicts.append(verdict_on(worker, job.id))
    assert verdicts == [Verdict.UNCLAIMED, Verdict.LOST, Verdict.FINAL]


def test_a_file_that_is_written_again_while_it_is_deleted_still_goes_when_it_is_due(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = store.blobs.delete

    def delete_and_write_again(name: str) -> None:
        delete(name)
        monkeypatch.undo()
        store.write_blob(name, b"again")

    store.write_blob("results/a", b"once")
    store.redis.zadd(store.keys.blobs, {"results/a": 1})
    monkeypatch.setattr(store.blobs, "delete", delete_and_write_again)
    sweep(store)
    assert store.blobs.read("results/a") == b"again"
    assert store.redis.zscore(store.keys.blobs, "results/a") > 1


def test_a_file_that_is_noted_twice_keeps_the_time_that_a_move_gave_it(store: Store) -> None:
    later = 2**42
    store.redis.zadd(store.keys.blobs, {"results/a": later})
    store.expect_blob("results/a")
    assert store.redis.zscore(store.keys.blobs, "results/a") == later
