"""The delivery log: how the webhook of a job stands and what was tried, kept as long as the job's record."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import cast

import orjson

from jobs.claims import Claim
from jobs.connection import reaching_redis
from jobs.job import Job
from jobs.scripts import Argument
from jobs.store import Store

#: How many attempts of a job's webhook are kept, the latest ones.
MOST_ATTEMPTS = 50


class DeliveryState(StrEnum):
    """How the webhook of a job stands."""

    #: The job has not ended, or it will be tried (again).
    PENDING = "pending"
    #: The endpoint has answered 2xx.
    DELIVERED = "delivered"
    #: Given up.
    FAILED = "failed"
    #: The endpoint wants no more calls.
    DISABLED = "disabled"


@dataclass(frozen=True, kw_only=True)
class Call:
    """How one call of a webhook went."""

    #: The status that the endpoint answered with; None where it did not answer.
    status: int | None
    #: How long it took, milliseconds.
    ms: int
    #: What went wrong, one sentence, or "".
    error: str


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A call that is in the log."""

    #: When it began, Unix time in milliseconds of Redis' clock.
    at: int
    call: Call


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How the webhook of a job stands, as the log has it."""

    state: DeliveryState
    #: The internal job that delivers it.
    id: str
    #: Whether somebody asked for it to be delivered again.
    again: bool
    #: How many attempts this delivery has made.
    tries: int
    #: Every attempt that is kept, those of earlier deliveries too, oldest first.
    attempts: tuple[Attempt, ...]
    #: When it is tried next, Unix time in milliseconds; None where that is not known, or never.
    next_attempt: int | None
    #: Whether the outbox still has it: no internal job delivers it yet.
    waiting: bool

    def given_up(self) -> "Delivery":
        """The same where nobody delivers it any more."""
        return replace(self, state=DeliveryState.FAILED, next_attempt=None)


class DeliveryLog:
    """The delivery logs of every job of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys

    def find(self, job: Job) -> Delivery:
        """How the job's webhook stands.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        with reaching_redis(), self._store.redis.pipeline() as pipeline:
            pipeline.hgetall(self._keys.webhook(job.id))
            pipeline.lrange(self._keys.webhook_calls(job.id), 0, -1)
            pipeline.zscore(self._keys.outbox, job.id)
            fields, entries, waiting = pipeline.execute()
        told = {name.decode(): value.decode() for name, value in cast("Mapping[bytes, bytes]", fields).items()}
        return Delivery(
            state=DeliveryState(told.get("state", DeliveryState.PENDING)),
            id=told.get("delivery", job.webhook_delivery),
            again=told.get("again") == "1",
            tries=int(told.get("tries", "0")),
            attempts=tuple(_attempt(entry) for entry in cast("list[bytes]", entries)),
            next_attempt=int(told["next"]) if told.get("next") else None,
            waiting=waiting is not None,
        )

    def note(
        self,
        job: Job,
        state: DeliveryState,
        *,
        by: Claim,
        tries: int,
        call: Call | None = None,
        next_in: float | None = None,
    ) -> bool:
        """Writes what a delivery has come to, ``by`` the internal job that delivers.

        ``tries`` is how many attempts it has made with this last one, ``next_in`` when the next one follows, seconds.

        Returns whether it was written: not by a run that has lost its internal job to another one, nor for a delivery
        that another has followed, nor after the job's record has gone.

        Raises:
            StoreUnavailable: Redis can't write it now.

        """
        keys = [self._keys.record(job.id), self._keys.webhook(job.id), self._keys.webhook_calls(job.id)]
        keys.append(self._keys.counts)
        tried = b"" if call is None else orjson.dumps(asdict(call))
        wait = "" if next_in is None else int(next_in * 1000)
        arguments: list[Argument] = [by.job.id, by.job.fence, state, wait, tries, tried, MOST_ATTEMPTS]
        return self._store.scripts.run("note_delivery", keys, arguments) == 1

    def begin_again(self, job: Job, *, after: str, delivery: str) -> bool:
        """Puts the job's webhook into the outbox once more, as a new delivery that follows the one named ``after``.

        Returns whether it is there now: not where another delivery has begun meanwhile.

        Raises:
            StoreUnavailable: Redis can't write it now.

        """
        keys = [self._keys.record(job.id), self._keys.webhook(job.id), self._keys.outbox]
        return self._store.scripts.run("redeliver", keys, [job.id, after, delivery]) == 1


def _attempt(entry: bytes) -> Attempt:
    at, _, told = entry.partition(b" ")
    return Attempt(at=int(at), call=Call(**orjson.loads(told)))
