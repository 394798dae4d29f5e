"""The sweep of the data sets: what nobody wants any more goes, and what was not described is asked for again."""

from collections.abc import Sequence
from contextlib import suppress
from typing import cast

import structlog

from jobs.connection import reaching_redis
from jobs.datasets import ASKED_AGAIN, Datasets, DatasetState, ask_for_description, look_at
from jobs.errors import NoSuchDataset, NoSuchJob
from jobs.internal import internal_settings
from jobs.job import JobStatus
from jobs.store import Store

log = structlog.get_logger(__name__)

#: How many users of a data set are looked at in one round trip.
_CHUNK = 500


def sweep_datasets(store: Store, *, most: int) -> None:
    """Looks at those data sets that are due, at most so many of a kind; two sweeps at once do no harm.

    Raises:
        StoreUnavailable: Redis is away; the next sweep finds the same again.

    """
    for dataset_id in _due(store, store.keys.datasets_due, most=most):
        _look_at(store, dataset_id)
    undescribed = _due(store, store.keys.undescribed, most=most)
    if undescribed:
        _ask_again(store, undescribed)


def _due(store: Store, key: str, *, most: int) -> list[str]:
    with reaching_redis():
        found = store.redis.zrange(key, "-inf", _now(store), byscore=True, offset=0, num=most)
    return [name.decode() for name in cast("list[bytes]", found)]


def _now(store: Store) -> int:
    seconds, micros = store.redis.time()
    return seconds * 1000 + micros // 1000


def _look_at(store: Store, dataset_id: str) -> None:
    _drop_ended_users(store, dataset_id)
    with reaching_redis():
        caller, sha256 = cast(
            "list[bytes | None]", store.redis.hmget(store.keys.dataset(dataset_id), ["caller", "sha256"])
        )
    outcome = look_at(store, dataset_id, about=((caller or b"").decode(), (sha256 or b"").decode()))
    if outcome == "gone":
        log.info("dataset.gone", dataset=dataset_id)


def _drop_ended_users(store: Store, dataset_id: str) -> None:
    """A job that has ended, or of which nothing is known any more, needs nothing."""
    users = store.keys.dataset_users(dataset_id)
    cursor = 0
    while True:
        with reaching_redis():
            cursor, found = cast("tuple[int, list[bytes]]", store.redis.sscan(users, cursor, count=_CHUNK))
        ended = _ended(store, [name.decode() for name in found])
        if ended:
            with reaching_redis():
                store.redis.srem(users, *ended)
        if not cursor:
            return


def _ended(store: Store, job_ids: Sequence[str]) -> list[str]:
    with reaching_redis(), store.redis.pipeline(transaction=False) as pipeline:
        for job_id in job_ids:
            pipeline.hmget(store.keys.record(job_id), ["status", "finished"])
        found = cast("list[tuple[bytes | None, bytes | None]]", pipeline.execute())
    return [job_id for job_id, (status, finished) in zip(job_ids, found, strict=True) if not status or finished]


def _ask_again(store: Store, dataset_ids: Sequence[str]) -> None:
    internal = Store(internal_settings(store.settings))
    try:
        for dataset_id in dataset_ids:
            with reaching_redis():
                later = _now(store) + int(ASKED_AGAIN * 1000)
                store.redis.zadd(store.keys.undescribed, {dataset_id: later}, xx=True)
            _ask(Datasets(store), internal, dataset_id)
    finally:
        internal.redis.close()


def _ask(datasets: Datasets, internal: Store, dataset_id: str) -> None:
    try:
        job = internal.find(dataset_id)
    except NoSuchJob:
        with suppress(NoSuchDataset):
            ask_for_description(internal, dataset_id, caller=datasets.find(dataset_id).caller)
        return
    if job.status in (JobStatus.FAILED, JobStatus.CANCELED):
        # Not the data set's fault, as far as one knows: jobs may try.
        why = job.failure.message if job.failure else "It was canceled."
        log.warning("dataset.not_described", dataset=dataset_id, why=why)
        error = {"message": f"The data set could not be described. {why}", "line": None, "column": None}
        datasets.note(dataset_id, DatasetState.READY, error=error)
