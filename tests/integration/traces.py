"""What stands in Redis about some jobs, read at once; and time that passes there though nobody waits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import fsspec
import orjson
from expected_job import CALLERS

from jobs.counts import Counts
from jobs.events import history
from jobs.job import STEPS
from jobs.store import Store

#: Milliseconds of a minute.
MINUTE = 60_000

#: The fields of a record that hold a moment.
MOMENTS = frozenset({"created", "updated", "started", "finished", "expires", "stop_asked"})


@dataclass(frozen=True, kw_only=True)
class Traces:
    """The traces of jobs of the ``CALLERS``; moments are counted from when their clock began."""

    #: The fields of each record that is there, moments in milliseconds.
    records: Mapping[str, Mapping[str, str]]
    #: Milliseconds until the record, the input and the result expire: -1 never, -2 not there.
    expiries: Mapping[str, tuple[int, ...]]
    #: Results that lie in Redis.
    results: Mapping[str, bytes]
    #: The sorted sets, by the part of the key after the namespace; moments in minutes, rounded to half ones.
    indexes: Mapping[str, Mapping[str, float]]
    backlog: Mapping[str, int]
    active: Mapping[str, int]
    #: How often what has happened.
    counts: Counts
    #: The statuses that the followers of each job were told.
    told: Mapping[str, list[str]]
    #: The jobs whose messages are in the engine's queues.
    queues: Mapping[int, list[str]]
    files: frozenset[str]


class Clock:
    """Redis' clock as the jobs of one store see it: it can be put forward."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys
        seconds, micros = store.redis.time()
        self._began = seconds * 1000 + micros // 1000
        #: By how much it was put forward, minutes.
        self.minutes = 0

    def let_pass(self, minutes: int, job_ids: Iterable[str], *, analysis: str) -> None:
        """Sets back every moment in Redis, as if its clock had gone on; what expires meanwhile goes."""
        self.minutes += minutes
        ids = list(job_ids)
        for key in self._sorted_sets():
            self._set_back_members(key, minutes * MINUTE)
        for job_id in ids:
            self._set_back_record(self._keys.record(job_id), minutes * MINUTE)
        for key in [self._keys.times(analysis), *(key for job_id in ids for key in self._expiring(job_id))]:
            left = self._store.redis.pttl(key)
            if left >= 0:
                # With no time left, or less, Redis deletes the key.
                self._store.redis.pexpire(key, left - minutes * MINUTE)

    def traces(self, job_ids: Iterable[str]) -> Traces:
        """What is there of these jobs now."""
        ids, sets = list(job_ids), self._sorted_sets()
        with self._store.redis.pipeline(transaction=False) as pipeline:
            pipeline.hgetall(self._keys.backlog)
            pipeline.hgetall(self._keys.active)
            pipeline.hgetall(self._keys.counts)
            for key in sets:
                pipeline.zrange(key, 0, -1, withscores=True)
            for step in STEPS:
                pipeline.lrange(self._store.queue.key(step), 0, -1)
            for job_id in ids:
                pipeline.hgetall(self._keys.record(job_id)).get(self._keys.result(job_id))
                for key in self._expiring(job_id):
                    pipeline.pttl(key)
            backlog, active, counts, *replies = pipeline.execute()
        indexes, queues = replies[: len(sets)], replies[len(sets) : len(sets) + len(STEPS)]
        of_jobs = replies[len(sets) + len(STEPS) :]
        each = {job_id: of_jobs[7 * at : 7 * at + 7] for at, job_id in enumerate(ids)}
        return Traces(
            records={job_id: self._record(found[0]) for job_id, found in each.items() if found[0]},
            expiries={job_id: tuple(found[2:]) for job_id, found in each.items()},
            results={job_id: found[1] for job_id, found in each.items() if found[1] is not None},
            indexes={key.partition(":")[2]: self._members(found) for key, found in zip(sets, indexes, strict=True)},
            backlog={caller.decode(): int(number) for caller, number in backlog.items()},
            active={caller.decode(): int(number) for caller, number in active.items()},
            counts=Counts(counts),
            told={job_id: self._told(job_id) for job_id, found in each.items() if found[0]},
            queues={step: [self._store.queue.job_id(message) for message in queues[step]] for step in STEPS},
            files=self._files(),
        )

    def _set_back_members(self, key: str, passed: int) -> None:
        members = cast("list[tuple[bytes, float]]", self._store.redis.zrange(key, 0, -1, withscores=True))
        if members:
            self._store.redis.zadd(key, {member: moment - passed for member, moment in members})

    def _set_back_record(self, key: str, passed: int) -> None:
        fields = self._store.redis.hgetall(key)
        moments = {name: int(value) - passed for name, value in fields.items() if name.decode() in MOMENTS}
        if moments:
            self._store.redis.hset(key, mapping=moments)

    def _sorted_sets(self) -> list[str]:
        keys = self._keys
        keys_of_jobs = [keys.jobs, keys.leases, keys.waits, keys.due, keys.finished, keys.blobs]
        return [*keys_of_jobs, *map(keys.jobs_of, CALLERS), keys.outbox, *keys.lanes]

    def _expiring(self, job_id: str) -> tuple[str, ...]:
        keys = self._keys
        return keys.record(job_id), keys.data(job_id), keys.result(job_id), keys.events(job_id), keys.logs(job_id)

    def _told(self, job_id: str) -> list[str]:
        statuses = [event for event in history(self._store, job_id) if event.kind in ("status", "completed")]
        return [orjson.loads(event.data)["status"] for event in statuses]

    def _record(self, fields: Mapping[bytes, bytes]) -> dict[str, str]:
        found = {name.decode(): value.decode() for name, value in fields.items()}
        offset = self.minutes * MINUTE - self._began
        return {name: str(int(text) + offset) if name in MOMENTS else text for name, text in found.items()}

    def _members(self, found: Iterable[tuple[bytes, float]]) -> dict[str, float]:
        offset = self.minutes * MINUTE - self._began
        return {member.decode(): half_minutes(moment + offset) for member, moment in found}

    def _files(self) -> frozenset[str]:
        """Names in a blob store in memory."""
        root = "/" + self._store.settings.blob_url.removeprefix("memory://") + "/"
        return frozenset(name.removeprefix(root) for name in fsspec.filesystem("memory").find(root))


def half_minutes(milliseconds: float) -> float:
    """Rounded to half minutes."""
    return round(2 * milliseconds / MINUTE) / 2
