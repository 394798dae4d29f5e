"""What is kept of a job that has ended, and for how long."""

from dataclasses import replace

import pytest
from submissions import NOTHING, submitted
from waiting import eventually

from jobs.blobs import Blobs
from jobs.claims import Progress, Wish
from jobs.errors import BlobMissing, NoSuchJob
from jobs.job import Cause, Failure, Job, JobStatus
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep


@pytest.fixture
def brief(settings: Settings) -> Store:
    """A store that forgets quickly, but not before a test on a busy machine has looked."""
    return Store(replace(settings, result_ttl=1, tombstone_ttl=1))


def succeeded(store: Store, result: bytes = b"{}") -> Job:
    job = submitted(store)
    leases = Leases(store, worker="worker-1")
    assert leases.succeed(leases.claim(job.id), result, metrics=NOTHING) is JobStatus.SUCCEEDED
    return store.find(job.id)


def test_the_result_is_what_the_run_gave(store: Store) -> None:
    job = succeeded(store, b'{"answer": 42}')
    assert store.find_with_result(job.id) == (job, b'{"answer": 42}')
    assert (job.progress, job.metrics) == (100, NOTHING)
    assert len(job.etag) == 32


def test_a_large_result_lies_in_the_blob_store(store: Store) -> None:
    result = b'"' + b"x" * store.settings.inline_limit + b'"'
    job = succeeded(store, result)
    assert job.result_blob
    assert store.find_with_result(job.id)[1] == result


def test_a_failure_says_why(store: Store) -> None:
    leases = Leases(store, worker="worker-1")
    claim = leases.claim(submitted(store).id)
    failure = Failure(cause=Cause.REJECTED, message="The column 'ä' is missing.")
    leases.fail(claim, failure, metrics=NOTHING)
    assert store.find(claim.job.id).failure == failure


def test_every_key_of_a_final_job_expires(store: Store) -> None:
    job = succeeded(store)
    keys = [store.keys.record(job.id), store.keys.data(job.id), store.keys.result(job.id), store.keys.times("double")]
    assert all(store.redis.ttl(key) > 0 for key in keys)
    assert store.redis.ttl(keys[0]) > store.redis.ttl(keys[2])


def test_a_tombstone_outlives_the_result(settings: Settings) -> None:
    store = Store(replace(settings, result_ttl=0.2, tombstone_ttl=60))
    job = succeeded(store)
    eventually(lambda: store.find_with_result(job.id)[1] is None)
    assert store.find(job.id).status is JobStatus.SUCCEEDED


def test_nothing_is_left_once_the_tombstone_has_gone(brief: Store) -> None:
    large = b'"' + b"x" * brief.settings.inline_limit + b'"'
    jobs = [succeeded(brief), succeeded(brief, large)]

    def forgotten() -> bool:
        sweep(brief)
        # The engine's queue still has the messages here, for no worker took them.
        left = {key.decode() for key in brief.redis.keys(f"{brief.keys.namespace}:*")}
        return left == {brief.keys.counts}

    eventually(forgotten)
    with pytest.raises(NoSuchJob):
        brief.find(jobs[0].id)
    with pytest.raises(BlobMissing):
        brief.blobs.read(jobs[1].result_blob)


def test_a_result_file_that_is_lost_before_its_time_is_no_expired_result(store: Store) -> None:
    job = succeeded(store, b'"' + b"x" * store.settings.inline_limit + b'"')
    store.blobs.delete(job.result_blob)
    with pytest.raises(BlobMissing):
        store.find_with_result(job.id)


def test_run_times_are_kept_newest_first_and_bounded(store: Store) -> None:
    for _ in range(60):
        succeeded(store)
    assert len(store.run_times("double")) == 50
    assert store.run_times("another") == []


def test_a_run_learns_what_its_caller_wants(store: Store) -> None:
    leases = Leases(store, worker="worker-1")
    claim = leases.claim(submitted(store).id)
    wishes = [leases.note(claim)]
    store.finish(claim.job.id)
    wishes.append(leases.note(claim, progress=Progress(share=50, stage="half")))
    store.cancel(claim.job.id)
    wishes.append(leases.note(claim))
    assert wishes == [Wish.GO_ON, Wish.FINISH, Wish.STOP]
    assert (store.find(claim.job.id).progress, store.find(claim.job.id).stage) == (50, "half")


def test_a_blob_is_written_whole_or_not_at_all(tmp_path: object) -> None:
    blobs = Blobs(f"{tmp_path}/deep/down")
    blobs.write("inputs/a", b"first")
    blobs.delete("inputs/a")
    blobs.delete("inputs/a")
    with pytest.raises(BlobMissing):
        blobs.read("inputs/a")
