"""What happens to a job, as its followers are told: live by the channel of the job, afterwards from its history."""

from dataclasses import dataclass
from typing import Literal, Self, cast

import orjson

from jobs.connection import reaching_redis
from jobs.errors import NoSuchJob
from jobs.job import JobStatus
from jobs.store import Store

#: What an event is about; ``completed`` is the last of every job.
Kind = Literal["status", "progress", "log", "completed"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a job."""

    #: From 1 without a gap; a job's events are told in this order.
    number: int
    kind: Kind
    #: A JSON object on one line.
    data: bytes

    @classmethod
    def read(cls, entry: bytes) -> Self:
        """The event as the scripts wrote it."""
        number, kind, data = entry.split(b" ", 2)
        return cls(number=int(number), kind=cast("Kind", kind.decode()), data=data)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line that a job logged."""

    #: Unix time in milliseconds.
    at: int
    message: str


def history(store: Store, job_id: str, *, after: int = 0) -> list[Event]:
    """What has happened to the job since the event of that number, as far as it is kept: the last 256 events, and
    none but the first once its result has gone.

    Raises:
        NoSuchJob: there is no record of it.
        StoreUnavailable: Redis can't say now.

    """
    with reaching_redis(), store.redis.pipeline(transaction=True) as pipeline:
        pipeline.hmget(store.keys.record(job_id), "created", "status", "finished", "events")
        pipeline.lrange(store.keys.events(job_id), 0, -1)
        record, entries = cast("tuple[list[bytes | None], list[bytes]]", pipeline.execute())
    created, status, finished, number = record
    if created is None or status is None or number is None:
        raise NoSuchJob(job_id)
    events = [Event.read(entry) for entry in entries]
    if not events or events[0].number == 2:
        events.insert(0, _first(int(created)))
    if finished and events[-1].kind != "completed":
        data = orjson.dumps({"status": status.decode(), "at": int(finished)})
        events.append(Event(number=int(number), kind="completed", data=data))
    return [event for event in events if event.number > after]


def lines(store: Store, job_id: str) -> list[Line]:
    """The lines that the job logged, oldest first, the last 1000 of them; kept as long as its result.

    Raises:
        StoreUnavailable: Redis can't say now.

    """
    with reaching_redis():
        entries = cast("list[bytes]", store.redis.lrange(store.keys.logs(job_id), 0, -1))
    return [_line(entry) for entry in entries]


def _line(entry: bytes) -> Line:
    at, _, message = entry.partition(b" ")
    return Line(at=int(at), message=message.decode())


def _first(created: int) -> Event:
    """No script writes the first event, for it is told by the record."""
    data = orjson.dumps({"status": JobStatus.QUEUED, "attempt": 1, "at": created})
    return Event(number=1, kind="status", data=data)
