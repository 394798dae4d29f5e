"""Batches: jobs that were submitted together; what a batch is now is told by its jobs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from jobs.connection import reaching_redis
from jobs.errors import NoSuchBatch
from jobs.job import FINAL, JobStatus
from jobs.scripts import Call
from jobs.store import Store

#: How long the sweep leaves a batch alone whose jobs have not all ended, milliseconds.
LOOKED_AT_AGAIN = 60_000


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Jobs of one analysis that were submitted together."""

    #: UUIDv7.
    id: str
    caller: str
    analysis: str
    #: When it was accepted, Unix time in milliseconds.
    created: int
    #: Its jobs and their statuses, in the order of the items; None for one that was purged or has expired.
    jobs: tuple[tuple[str, JobStatus | None], ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many of its jobs have each status; ``gone`` for those that are no longer known."""
        counted = Counter("gone" if status is None else status.value for _, status in self.jobs)
        return {name: counted[name] for name in (*(status.value for status in JobStatus), "gone")}

    @property
    def is_final(self) -> bool:
        """Whether all of its jobs have ended."""
        return all(status is None or status in FINAL for _, status in self.jobs)

    @property
    def unfinished(self) -> list[str]:
        """The jobs that have not ended."""
        return [job_id for job_id, status in self.jobs if status is not None and status not in FINAL]


def find_batch(store: Store, batch_id: str) -> Batch:
    """The batch as it is now, in two round trips.

    Raises:
        NoSuchBatch: there is none.
        StoreUnavailable: Redis can't say now.

    """
    with reaching_redis(), store.redis.pipeline(transaction=False) as pipeline:
        pipeline.hgetall(store.keys.batch(batch_id))
        pipeline.lrange(store.keys.batched(batch_id), 0, -1)
        fields, ids = cast("tuple[dict[bytes, bytes], list[bytes]]", pipeline.execute())
    if not fields:
        raise NoSuchBatch(batch_id)
    jobs = [job_id.decode() for job_id in ids]
    return Batch(
        id=batch_id,
        caller=fields[b"caller"].decode(),
        analysis=fields[b"analysis"].decode(),
        created=int(fields[b"created"]),
        jobs=tuple(zip(jobs, _statuses(store, jobs), strict=True)),
    )


def cancel_batch(store: Store, batch: Batch) -> None:
    """Cancels every job of it that has not ended.

    Raises:
        StoreUnavailable: Redis went away; some may be canceled, and canceling again does the rest.

    """
    calls: list[Call] = [(store.keys.of_job(job_id), [job_id, *store.retention]) for job_id in batch.unfinished]
    store.scripts.run_each("cancel", calls)


def sweep_batches(store: Store, *, most: int) -> None:
    """Lets batches expire after the last of their jobs; looks at those that are due, at most so many.

    Raises:
        StoreUnavailable: Redis is away.

    """
    with reaching_redis():
        seconds, micros = store.redis.time()
        now = seconds * 1000 + micros // 1000
        due = cast("list[bytes]", store.redis.zrange(store.keys.batches, "-inf", now, byscore=True, offset=0, num=most))
    for batch_id in (name.decode() for name in due):
        _sweep_batch(store, batch_id, now=now)


def _sweep_batch(store: Store, batch_id: str, *, now: int) -> None:
    keys = store.keys
    try:
        batch = find_batch(store, batch_id)
    except NoSuchBatch:
        with reaching_redis():
            store.redis.zrem(keys.batches, batch_id)
        return
    with reaching_redis(), store.redis.pipeline(transaction=True) as pipeline:
        if batch.is_final:
            # Its last job ended within the last look, so all of its jobs go before it does.
            left = sum(store.retention) + LOOKED_AT_AGAIN
            pipeline.pexpire(keys.batch(batch_id), left)
            pipeline.pexpire(keys.batched(batch_id), left)
            pipeline.zrem(keys.batches, batch_id)
        else:
            pipeline.zadd(keys.batches, {batch_id: now + LOOKED_AT_AGAIN})
        pipeline.execute()


def _statuses(store: Store, jobs: Sequence[str]) -> list[JobStatus | None]:
    with reaching_redis(), store.redis.pipeline(transaction=False) as pipeline:
        for job_id in jobs:
            pipeline.hget(store.keys.record(job_id), "status")
        found = cast("list[bytes | None]", pipeline.execute())
    return [None if status is None else JobStatus(status.decode()) for status in found]
