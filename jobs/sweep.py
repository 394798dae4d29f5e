"""The sweep: finds the jobs that nobody cares for any more and puts them right; every worker runs it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import structlog

from jobs.batches import sweep_batches
from jobs.dataset_sweep import sweep_datasets
from jobs.errors import NoSuchJob, StorageError
from jobs.job import STEPS
from jobs.queues import whole_message
from jobs.scripts import Argument
from jobs.store import Store

log = structlog.get_logger(__name__)

#: How many jobs of a kind one sweep puts right, and a tenth of how many it forgets; the next one takes the rest.
MOST = 200


@dataclass(frozen=True)
class Swept:
    """What one sweep did."""

    #: What was done with each job that was put right: ``requeued``, ``retried``, ``failed``, ``canceled``, ``sent``
    #: or ``dropped``.
    recovered: dict[str, str] = field(default_factory=dict)
    #: How many index entries of expired jobs and files went.
    forgotten: int = 0


def sweep(store: Store) -> Swept:
    """Looks once for lapsed leases, waits that ended, lost messages and what has expired, and mends them.

    Two sweeps at once do no harm: each job is looked at again by the script that changes it.

    Raises:
        StoreUnavailable: Redis is away; the next sweep finds the same again.

    """
    lapsed, waited, put_off, tombstones, blobs, *unsent = _due(store)
    recovered: dict[str, str] = {}
    for job_id in dict.fromkeys([*lapsed, *waited, *put_off, *(job_id for lane in unsent for job_id in lane)]):
        outcome = _recover(store, job_id)
        if outcome != "nothing":
            recovered[job_id] = outcome
            log.warning("job.recovered", job=job_id, outcome=outcome)
    store.forward()
    sweep_batches(store, most=MOST)
    sweep_datasets(store, most=MOST)
    _tidy(store)
    return Swept(recovered=recovered, forgotten=_forget(store, tombstones, blobs))


def _due(store: Store) -> list[list[str]]:
    keys = [store.keys.leases, store.keys.waits, store.keys.due, store.keys.finished, store.keys.blobs]
    arguments: list[Argument] = [_resend_after(store), MOST]
    for step, waiting in zip(STEPS, store.queue.waiting(store.redis), strict=True):
        if waiting is not None:
            keys += [store.keys.lane(step), waiting.key]
            arguments.append(waiting.next_id)
    found = cast("list[list[bytes]]", store.scripts.run("due", keys, arguments))
    return [[name.decode() for name in names] for names in found]


def _resend_after(store: Store) -> int:
    return int(store.settings.resend_after * 1000)


def _recover(store: Store, job_id: str) -> str:
    try:
        job = store.find(job_id)
    except NoSuchJob:
        message, step = b"", 0
    else:
        message, step = whole_message(store.queue, job), job.step
    keys = [*store.keys.of_job(job_id), store.queue.key(step)]
    reply = store.scripts.run("recover", keys, [job_id, message, _resend_after(store), *store.retention])
    return cast("bytes", reply).decode()


def _forget(store: Store, tombstones: Sequence[str], blobs: Sequence[str]) -> int:
    """Drops what has expired; of ``blobs`` each is followed by when it was due."""
    deleted = [
        part for name, due in zip(blobs[::2], blobs[1::2], strict=True) if _delete(store, name) for part in (name, due)
    ]
    if not tombstones and not deleted:
        return 0
    keys = [store.keys.jobs, store.keys.finished, store.keys.blobs]
    keys += [store.keys.jobs_of(tombstone.partition(" ")[2]) for tombstone in tombstones]
    return cast("int", store.scripts.run("forget", keys, [len(tombstones), *tombstones, *deleted]))


def _delete(store: Store, name: str) -> bool:
    try:
        store.blobs.delete(name)
    except StorageError as error:
        log.warning("blob.not_deleted", file=name, error=str(error))
        return False
    return True


def _tidy(store: Store) -> None:
    try:
        gone = store.blobs.tidy()
    except StorageError as error:
        log.warning("blobs.not_tidied", error=str(error))
        return
    if gone:
        log.info("blobs.tidied", files=gone)
