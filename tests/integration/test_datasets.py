"""Data sets in the store: content is kept once, what is in use stays, and nothing is left of what has gone."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from submissions import NOTHING, a_submission
from waiting import eventually

from jobs import datasets as module
from jobs.datasets import Content, Dataset, Datasets, DatasetState, ask_for_description
from jobs.errors import BlobMissing, DatasetGone, NoSuchDataset
from jobs.internal import internal_settings
from jobs.job import Cause, Failure, Job, new_id
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep


@pytest.fixture(autouse=True)
def _looked_at_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKED_AT_AGAIN", 0.02)
    monkeypatch.setattr(module, "LEAVING_LOOKED_AT", 0.02)
    monkeypatch.setattr("jobs.intake.LOOKED_AT_AGAIN", 0.02)


@pytest.fixture
def datasets(store: Store) -> Datasets:
    return Datasets(store)


def taken_in(store: Store, *, caller: str = "alice", content: bytes = b"a,b\n1,2\n", keep: float = 60) -> Dataset:
    """A data set as an upload makes it."""
    blob = f"datasets/{new_id()}"
    with store.blobs.writing(blob) as writer:
        writer.write(content)
        store.expect_blob(blob)
    received = Content(blob=blob, format="csv", size=len(content), sha256=f"{hash(content):064x}"[-64:])
    return Datasets(store).add(received, caller=caller, name="table", keep=keep)


def using(store: Store, dataset: Dataset) -> Job:
    """A job that uses the data set."""
    return store.submit(replace(a_submission(), dataset=dataset.id, caller=dataset.caller))


def files(store: Store) -> list[str]:
    root = Path(store.settings.data_dir, "blobs")
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def keys_of_datasets(store: Store) -> list[bytes]:
    return [key for key in store.redis.keys(f"{store.keys.namespace}:*") if b"dataset" in key or b"undescribed" in key]


def swept_until(store: Store, condition: Callable[[], bool]) -> None:
    def look() -> bool:
        sweep(store)
        return condition()

    eventually(look)


def test_a_new_data_set_is_found_and_not_described_yet(store: Store, datasets: Datasets) -> None:
    made = taken_in(store)
    assert datasets.find(made.id) == made
    assert (made.state, made.description, made.error) == (DatasetState.PENDING, None, None)
    assert made.expires - made.created == 60_000


def test_the_same_content_is_kept_once(store: Store) -> None:
    first, second = taken_in(store), taken_in(store, caller="bob")
    assert first.content.blob == second.content.blob
    swept_until(store, lambda: files(store) == [first.content.blob])


def test_uploads_of_the_same_content_at_once_leave_one_file(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: taken_in(store), range(16)))
    (blob,) = {dataset.content.blob for dataset in made}
    swept_until(store, lambda: files(store) == [blob])


def test_deleting_one_of_two_with_the_same_content_leaves_the_file(store: Store, datasets: Datasets) -> None:
    first, second = taken_in(store), taken_in(store, caller="bob")
    datasets.delete(first)
    sweep(store)
    assert store.blobs.read(second.content.blob) == b"a,b\n1,2\n"
    datasets.delete(second)
    swept_until(store, lambda: not files(store))


def test_nothing_is_left_of_a_deleted_data_set(store: Store, datasets: Datasets) -> None:
    made = taken_in(store)
    datasets.delete(made)
    with pytest.raises(NoSuchDataset):
        datasets.find(made.id)
    with pytest.raises(NoSuchDataset):
        datasets.delete(made)
    swept_until(store, lambda: not files(store))
    assert keys_of_datasets(store) == []


def test_the_same_content_after_a_deletion_has_a_file_of_its_own(store: Store, datasets: Datasets) -> None:
    datasets.delete(taken_in(store))
    second = taken_in(store)
    swept_until(store, lambda: files(store) == [second.content.blob])


def test_a_data_set_expires(store: Store, datasets: Datasets) -> None:
    taken_in(store, keep=0.05)
    swept_until(store, lambda: not files(store))
    assert datasets.page(None, after="", limit=10) == ([], "")
    assert keys_of_datasets(store) == []


def test_a_use_prolongs_the_life_of_a_data_set(store: Store, datasets: Datasets) -> None:
    made = taken_in(store)
    eventually(lambda: store.redis.time()[0] * 1000 > made.created + 10)
    using(store, made)
    assert datasets.find(made.id).expires > made.expires


def test_a_job_that_uses_a_deleted_data_set_keeps_its_file_until_it_ends(store: Store, datasets: Datasets) -> None:
    made = taken_in(store)
    job = using(store, made)
    datasets.delete(made)
    sweep(store)
    assert datasets.page(None, after="", limit=10) == ([], "")
    assert store.blobs.read(made.content.blob)
    store.cancel(job.id)
    swept_until(store, lambda: not files(store))
    assert keys_of_datasets(store) == []


@pytest.mark.parametrize("end", ["put off", "handed back"])
def test_a_job_that_runs_again_still_uses_its_data_set(store: Store, datasets: Datasets, end: str) -> None:
    made = taken_in(store)
    job = using(store, made)
    worker = Leases(store, worker="worker-1")
    claim = worker.claim(job.id)
    if end == "put off":
        worker.put_off(claim, delay=60, reason="later")
    else:
        worker.release(job.id, why="handed_back")
    datasets.delete(made)
    sweep(store)
    assert store.blobs.read(made.content.blob)


def test_an_expired_data_set_in_use_can_not_be_used_anew(store: Store, datasets: Datasets) -> None:
    # Long enough for a busy machine to use it before it expires.
    made = taken_in(store, keep=1)
    job = using(store, made)

    def is_hidden() -> bool:
        return datasets.page(None, after="", limit=10)[0] == []

    swept_until(store, is_hidden)
    with pytest.raises(DatasetGone):
        using(store, made)
    worker = Leases(store, worker="worker-1")
    worker.fail(worker.claim(job.id), Failure(cause=Cause.CRASHED, message="no"), metrics=NOTHING)
    swept_until(store, lambda: not files(store))


def test_users_that_have_ended_are_forgotten(store: Store) -> None:
    made = taken_in(store)
    jobs = [using(store, made) for _ in range(5)]
    for job in jobs[:4]:
        store.cancel(job.id)
    swept_until(store, lambda: store.redis.smembers(store.keys.dataset_users(made.id)) == {jobs[4].id.encode()})


def test_of_a_deletion_and_a_submission_at_once_one_loses(store: Store, datasets: Datasets) -> None:
    for _ in range(20):
        made = taken_in(store, content=os.urandom(16))
        start, outcome = threading.Barrier(2), []

        def submit(made: Dataset = made, start: threading.Barrier = start, outcome: list[Job] = outcome) -> None:
            start.wait()
            try:
                outcome.append(using(store, made))
            except DatasetGone:
                return

        submitting = threading.Thread(target=submit)
        submitting.start()
        start.wait()
        datasets.delete(made)
        submitting.join()
        sweep(store)
        if outcome:
            assert store.blobs.read(made.content.blob)
        else:
            with pytest.raises(BlobMissing):
                store.blobs.read(made.content.blob)


def test_an_invalid_data_set_takes_no_job(store: Store, datasets: Datasets) -> None:
    made = taken_in(store)
    assert datasets.note(made.id, DatasetState.INVALID, error={"message": "no", "line": 1, "column": None})
    with pytest.raises(DatasetGone):
        using(store, made)
    assert not datasets.note(made.id, DatasetState.READY)
    assert datasets.find(made.id).error == {"message": "no", "line": 1, "column": None}


def test_pages_go_from_the_newest_to_the_oldest(store: Store, datasets: Datasets) -> None:
    made = [taken_in(store, content=b"%d" % number).id for number in range(5)]
    taken_in(store, caller="bob")
    seen, after = [], ""
    while True:
        page, after = datasets.page("alice", after=after, limit=2)
        seen += [dataset.id for dataset in page]
        if not after:
            break
    assert seen == made[::-1]


def test_a_description_that_was_never_asked_for_is_asked_for_by_the_sweep(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASKED_AGAIN", 0.02)
    made = taken_in(store)
    internal = Store(internal_settings(settings))
    swept_until(store, lambda: internal.find_each([made.id]) != [None])
    assert internal.find(made.id).analysis == "describe_dataset"
    internal.redis.close()


def test_a_description_that_failed_for_good_leaves_the_data_set_usable(
    store: Store, settings: Settings, datasets: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASKED_AGAIN", 0.02)
    made = taken_in(store)
    internal = Store(internal_settings(settings))
    ask_for_description(internal, made.id, caller="alice")
    worker = Leases(internal, worker="internal-1")
    worker.fail(worker.claim(made.id), Failure(cause=Cause.OUT_OF_MEMORY, message="Too large."), metrics=NOTHING)
    swept_until(store, lambda: datasets.find(made.id).state is DatasetState.READY)
    assert "Too large." in str(datasets.find(made.id).error)
    internal.redis.close()


def test_what_killed_writers_left_behind_is_swept(store: Store) -> None:
    root = Path(store.settings.data_dir, "blobs", "datasets")
    root.mkdir(parents=True)
    for name, age in (("old", 7200), ("new", 10)):
        (root / f"{name}.part").write_bytes(b"x")
        then = store.redis.time()[0] - age
        os.utime(root / f"{name}.part", (then, then))
    sweep(store)
    assert files(store) == ["datasets/new.part"]
