"""The figures of a service: what stands in its store at one moment, read in one round trip for whoever watches it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from redis.client import Pipeline
from redis.exceptions import ResponseError

from jobs.connection import reaching_redis
from jobs.counts import Counts
from jobs.internal import internal_settings
from jobs.job import STEPS, Priority, steps_of
from jobs.keys import Keys
from jobs.roster import Member, Roster
from jobs.store import Store


@dataclass(frozen=True, kw_only=True)
class Memory:
    """How much memory Redis has in use, bytes."""

    used: int
    #: How much it may use; 0: as much as there is.
    limit: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What stands in the store."""

    #: Since the service first ran.
    counts: Counts
    #: The same of its internal jobs.
    internal_counts: Counts
    #: Jobs that wait for a worker.
    queued: Mapping[Priority, int]
    #: How long the one that was queued first has waited, seconds; 0 where none waits.
    oldest: float
    #: Internal jobs that wait for a worker.
    internal_queued: int
    running: int
    #: Jobs that wait for the time of their next attempt.
    put_off: int
    #: Jobs of which there is a record.
    known: int
    datasets: int
    #: Ended jobs whose webhook no internal worker has taken on.
    outbox: int
    members: tuple[Member, ...]
    #: None where Redis doesn't tell.
    memory: Memory | None


def read_figures(store: Store) -> Figures:
    """The figures now.

    Raises:
        StoreUnavailable: Redis can't say now.

    """
    keys = store.keys
    internal = Keys(internal_settings(store.settings).namespace)
    indexes = (keys.leases, keys.due, keys.jobs, keys.datasets, keys.outbox, *internal.lanes, *keys.lanes)
    with reaching_redis(), store.redis.pipeline(transaction=False) as pipeline:
        pipeline.time()
        pipeline.hgetall(keys.counts)
        pipeline.hgetall(internal.counts)
        for index in indexes:
            pipeline.zcard(index)
        _ask_for_oldest(pipeline, keys)
        (seconds, micros), counts, internal_counts, *rest = pipeline.execute()
    running, put_off, known, datasets, outbox, *waiting = cast("list[int]", rest[: len(indexes)])
    internal_waiting, lanes = waiting[: len(STEPS)], waiting[len(STEPS) :]
    return Figures(
        counts=Counts(counts),
        internal_counts=Counts(internal_counts),
        queued={priority: sum(lanes[step] for step in steps_of(priority)) for priority in Priority},
        oldest=_age(cast("list[list[tuple[bytes, float]]]", rest[len(indexes) :]), now=seconds + micros / 1e6),
        internal_queued=sum(internal_waiting),
        running=running,
        put_off=put_off,
        known=known,
        datasets=datasets,
        outbox=outbox,
        members=tuple(Roster(store).members()),
        memory=_memory(store),
    )


def _ask_for_oldest(pipeline: Pipeline, keys: Keys) -> None:
    for lane in keys.lanes:
        pipeline.zrange(lane, 0, 0, withscores=True)


def _age(first_of_lanes: list[list[tuple[bytes, float]]], *, now: float) -> float:
    """How long ago the first of all was queued, seconds."""
    enqueued = [since / 1000 for first in first_of_lanes for _, since in first]
    return max(now - min(enqueued), 0.0) if enqueued else 0.0


def _memory(store: Store) -> Memory | None:
    # Who runs Redis for others often lets them not ask.
    with suppress(ResponseError), reaching_redis():
        told = cast("dict[str, int]", store.redis.info("memory"))
        return Memory(used=told["used_memory"], limit=told.get("maxmemory", 0))
    return None
