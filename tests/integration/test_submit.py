"""What the store has after a submission."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from submissions import a_submission, submitted

from jobs.errors import NoSuchJob, StorageError, TooManyActive
from jobs.input import unpack
from jobs.intake import Idempotency, Order
from jobs.job import Job, JobStatus, Priority, new_id, steps_of
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep

#: The first step of the usual priority.
NORMAL = steps_of(Priority.NORMAL).start


def test_a_submitted_job_is_told_as_it_is_found(store: Store) -> None:
    job = submitted(store, priority=Priority.HIGH, expires_in=60)
    assert store.find(job.id) == job


def test_record_index_and_message_are_there_together(store: Store) -> None:
    job = submitted(store)
    [message] = store.redis.lrange(store.queue.key(NORMAL), 0, -1)
    assert store.queue.job_id(message) == job.id
    assert orjson.loads(message)["headers"]["task"] == "double"
    assert store.redis.zscore(store.keys.jobs, job.id) == job.created
    assert int(store.redis.zscore(store.keys.lane(NORMAL), job.id)) == job.created


def test_a_submission_that_is_sent_twice_is_one_job(store: Store) -> None:
    submission = a_submission()
    first, second = store.submit(submission), store.submit(submission)
    assert first == second
    assert store.redis.llen(store.queue.key(NORMAL)) == 1


def test_queue_positions_count_what_is_taken_before(store: Store) -> None:
    low = submitted(store, priority=Priority.LOW)
    jobs = [submitted(store) for _ in range(3)]
    submitted(store, priority=Priority.HIGH)
    assert [store.find(job.id).queue_position for job in [*jobs, low]] == [1, 2, 3, 4]


def test_a_small_input_comes_back_as_it_was_given(store: Store) -> None:
    job = submitted(store, params={"number": 3}, payload=b"a,b\n1,2\n")
    leases = Leases(store, worker="worker-1")
    given = unpack(leases.input_of(leases.claim(job.id)))
    assert (given.params, given.payload, job.data_blob) == ({"number": 3}, b"a,b\n1,2\n", "")


def test_a_large_input_lies_in_the_blob_store(store: Store) -> None:
    payload = b"x" * (store.settings.inline_limit + 1)
    job = submitted(store, payload=payload)
    leases = Leases(store, worker="worker-1")
    assert job.data_blob == f"inputs/{job.id}"
    assert not store.redis.exists(store.keys.data(job.id))
    assert unpack(leases.input_of(leases.claim(job.id))).payload == payload


def test_a_large_input_that_can_not_be_stored_leaves_no_job(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageError("The blob store can't write: no space left on device")

    monkeypatch.setattr(store.blobs, "write", full)
    with pytest.raises(StorageError):
        submitted(store, payload=b"x" * (store.settings.inline_limit + 1))
    # The file is noted, for a part of it may be there; the sweep deletes it when it is due.
    assert store.redis.keys(f"{store.keys.namespace}*") == [store.keys.blobs.encode()]


def test_an_unknown_job_is_not_found(store: Store) -> None:
    with pytest.raises(NoSuchJob):
        store.find(new_id())


@pytest.mark.parametrize("priority", Priority)
def test_an_unfinished_job_never_expires(store: Store, priority: Priority) -> None:
    job: Job = submitted(store, priority=priority)
    Leases(store, worker="worker-1").claim(job.id)
    assert store.find(job.id).status is JobStatus.RUNNING
    assert {store.redis.ttl(key) for key in (store.keys.record(job.id), store.keys.data(job.id))} == {-1}


def test_a_batch_that_is_sent_twice_is_told_though_one_of_its_jobs_was_purged(store: Store) -> None:
    order = Order(submissions=(a_submission(), a_submission()), batch=new_id())
    first, second = store.take(order).jobs
    store.cancel(second.id)
    store.purge(second)
    assert [job.id for job in store.take(order).jobs] == [first.id, second.id]


def test_the_large_input_of_a_refused_submission_goes_with_the_next_sweep(settings: Settings) -> None:
    store = Store(replace(settings, max_active=1, inline_limit=10))
    kept = submitted(store)
    with pytest.raises(TooManyActive):
        submitted(store)
    sweep(store)
    assert [path.name for path in inputs_of(store)] == [kept.id]
    assert not store.redis.exists(store.keys.blobs)


def test_the_large_input_of_a_replayed_submission_goes_with_the_next_sweep(settings: Settings) -> None:
    store = Store(replace(settings, inline_limit=10))
    same = Idempotency(digest="a", fingerprint="b")
    first, again = [store.take(Order(submissions=(a_submission(),), idempotency=same)) for _ in range(2)]
    assert again.replayed == first.jobs[0].id
    sweep(store)
    assert [path.name for path in inputs_of(store)] == [first.jobs[0].id]


def inputs_of(store: Store) -> list[Path]:
    """The files of inputs that the store has."""
    return [path for path in Path(store.settings.data_dir).rglob("inputs/*") if path.is_file()]
