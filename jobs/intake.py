"""Taking jobs in: what is asked for at once is accepted or refused as a whole, by one script in one round trip."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from jobs.connection import reaching_redis
from jobs.errors import (
    DatasetGone,
    IdempotencyKeyReused,
    QueueFull,
    RateLimited,
    StoreUnavailable,
    SubmissionRefused,
    TooManyActive,
    TooManyAtOnce,
)
from jobs.job import STEPS, Job, steps_of
from jobs.keys import Keys
from jobs.record import Receipt, Submission, fields_of, just_accepted
from jobs.scripts import Argument

if TYPE_CHECKING:
    from jobs.store import Store

#: How long an Idempotency-Key is kept, milliseconds.
IDEMPOTENCY_KEPT = 24 * 3600 * 1000

#: How soon the sweep looks at a data set that a job uses, seconds.
LOOKED_AT_AGAIN = 60.0

#: Milliseconds of a minute: rate limits are said in jobs a minute.
_MINUTE = 60_000


@dataclass(frozen=True, kw_only=True)
class Idempotency:
    """What makes a request the same as another one."""

    #: Digest of the key and of what it holds for: caller, method and path.
    digest: str
    #: Digest of the request's body.
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one request asks for: one job, or the jobs of a batch."""

    #: At least one, all of one caller.
    submissions: Sequence[Submission]
    idempotency: Idempotency | None = None
    #: Id of the batch that they become, or "".
    batch: str = ""
    #: Jobs a minute that this caller may submit; None: as the settings say; 0: without limit.
    rate: int | None = None

    @property
    def caller(self) -> str:
        """Whose the jobs are."""
        return self.submissions[0].caller


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of an order."""

    #: The jobs, in the order of their submissions; none where it was taken before.
    jobs: tuple[Job, ...] = ()
    #: What the same request became before: the id of its job, or of its batch; "" where this is the first.
    replayed: str = ""


def take(store: "Store", order: Order) -> Taken:
    """Accepts all jobs of the order, or none.

    Raises:
        IdempotencyKeyReused: another request came with the same key.
        TooManyAtOnce: the order is larger than any limit allows at once.
        RateLimited: the caller submits faster than it may.
        TooManyActive: the caller has too many jobs that have not ended.
        QueueFull: the service has too many queued jobs.
        DatasetGone: a job needs a data set that is not there.
        StoreUnavailable: nothing was accepted, or nothing that the caller was told of.
        StorageError: an input is large and the blob store can't take it.

    """
    blobs = [_input_to_blobs(store, submission) for submission in order.submissions]
    reply = store.scripts.run("submit", _keys(store, order), _arguments(store, order, blobs))
    verdict, *told = cast("list[bytes]", reply)
    if verdict != b"accepted":
        _drop(store, blobs)
    if verdict == b"replayed":
        return Taken(replayed=told[0].decode())
    if verdict == b"refused":
        raise _refusal(store, order, why=told[0].decode(), about=int(told[1]))
    receipts = [Receipt(created=at, step=step, position=before) for at, step, before in cast("list[list[int]]", told)]
    whole = zip(order.submissions, receipts, blobs, strict=True)
    return Taken(jobs=tuple(just_accepted(each, said, blob=blob, batch=order.batch) for each, said, blob in whole))


def find_replayed(store: "Store", idempotency: Idempotency) -> str:
    """What the same request became before: the id of its job, or of its batch; "" where it is not known.

    :func:`take` decides; this is for what must be known before the request is looked at any closer.

    Raises:
        IdempotencyKeyReused: another request came with the same key.
        StoreUnavailable: Redis can't say now.

    """
    with reaching_redis():
        known = cast("bytes | None", store.redis.get(store.keys.idempotency(idempotency.digest)))
    if known is None:
        return ""
    fingerprint, _, named = known.decode().partition(" ")
    if fingerprint != idempotency.fingerprint:
        raise _reused()
    return named


def _drop(store: "Store", blobs: Sequence[str]) -> None:
    """Lets the inputs go that no job has become the owner of."""
    written = [blob for blob in blobs if blob]
    if written:
        # Without Redis they go when they are due by themselves.
        with suppress(StoreUnavailable):
            store.drop_blobs(written)


def _input_to_blobs(store: "Store", submission: Submission) -> str:
    if len(submission.input) <= store.settings.inline_limit:
        return ""
    name = f"inputs/{submission.id}"
    store.write_blob(name, submission.input)
    return name


def _keys(store: "Store", order: Order) -> list[str]:
    keys = store.keys
    idempotency = order.idempotency.digest if order.idempotency else ""
    return [
        *_standing_keys(store),
        keys.jobs_of(order.caller),
        keys.idempotency(idempotency),
        keys.rate(order.caller),
        keys.batch(order.batch),
        keys.batched(order.batch),
        *(key for each in order.submissions for key in _keys_of_one(keys, each)),
    ]


@lru_cache(maxsize=8)
def _standing_keys(store: "Store") -> tuple[str, ...]:
    """The keys that are the same for every order."""
    keys = store.keys
    of_all = (keys.jobs, keys.waits, keys.backlog, keys.active, keys.blobs, keys.batches, keys.datasets_due)
    return (*of_all, *keys.lanes, *map(store.queue.key, STEPS))


def _keys_of_one(keys: Keys, submission: Submission) -> tuple[str, ...]:
    record, data = keys.record(submission.id), keys.data(submission.id)
    return record, data, keys.dataset(submission.dataset), keys.dataset_users(submission.dataset)


def _arguments(store: "Store", order: Order, blobs: Sequence[str]) -> list[Argument]:
    settings = store.settings
    rate = settings.rate_limit if order.rate is None else order.rate
    arguments: list[Argument] = [
        order.caller,
        settings.few_queued,
        settings.many_queued,
        settings.max_active,
        settings.max_queued,
        round(_MINUTE / rate, 3) if rate else 0,
        settings.rate_burst,
        order.idempotency.fingerprint if order.idempotency else "",
        IDEMPOTENCY_KEPT,
        order.batch,
        order.submissions[0].analysis,
        int(LOOKED_AT_AGAIN * 1000),
        len(order.submissions),
    ]
    for submission, blob in zip(order.submissions, blobs, strict=True):
        arguments += _arguments_of_one(store, submission, blob=blob, batch=order.batch)
    return arguments


def _arguments_of_one(store: "Store", submission: Submission, *, blob: str, batch: str) -> list[Argument]:
    fields = fields_of(submission, blob=blob, batch=batch)
    return [
        submission.id,
        steps_of(submission.priority).start,
        *store.queue.message(submission.id, analysis=submission.analysis),
        b"" if blob else submission.input,
        "" if submission.expires_in is None else int(submission.expires_in * 1000),
        submission.dataset,
        len(fields),
        *fields,
    ]


def _refusal(store: "Store", order: Order, *, why: str, about: int) -> SubmissionRefused:
    match why:
        case "reused":
            return _reused()
        case "never":
            return TooManyAtOnce(number=len(order.submissions), limit=about)
        case "rate":
            return RateLimited(retry_after=about / 1000)
        case "active":
            return TooManyActive(active=about, limit=store.settings.max_active)
        case "queued":
            return QueueFull(queued=about, limit=store.settings.max_queued)
        case _:
            return DatasetGone(order.submissions[about - 1].dataset)


def _reused() -> IdempotencyKeyReused:
    return IdempotencyKeyReused("Another request came with this Idempotency-Key.")
