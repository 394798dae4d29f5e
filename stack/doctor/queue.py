"""Checks of what is under way: how long jobs wait, whether the sweep puts right what is overdue, and the outbox."""

from typing import cast

from jobs.connection import reaching_redis
from jobs.job import STEPS
from jobs.keys import Keys
from jobs.queues.handover import Handover
from jobs.store import Store
from stack.doctor.finding import Finding, fail, ok, warn
from stack.doctor.patient import Patient

#: A wait in the queue that is worth a word, seconds.
LONG_WAIT = 300.0

#: How long an entry of an index may be overdue before nobody seems to look at it, seconds or heartbeats.
OVERDUE, OVERDUE_BEATS = 15.0, 10

#: How long what has expired may lie about, seconds; many at once take a while.
LYING_ABOUT = 900.0

#: How long a webhook may wait to be taken on, seconds.
OUTBOX_WAIT = 60.0


#: Messages on their way to the engine that are more than a moment's.
MANY_HANDED = 1000


def check_queue(patient: Patient) -> Finding:
    """How many jobs wait, and the oldest for how long."""
    waiting, oldest = 0, None
    for lane in patient.store.keys.lanes:
        count, first = _first(patient.store, lane)
        waiting += count
        oldest = first if oldest is None else min(oldest, first or oldest)
    if oldest is None:
        return ok("No job waits.")
    age = (patient.now() - oldest) / 1000
    found = f"{_jobs(waiting)} waiting, the oldest for {age:.0f} s."
    if age <= LONG_WAIT:
        return ok(found)
    return warn(found, "Start more workers, or raise COATCHECK_CONCURRENCY where cores and memory are free.")


def check_sweep(patient: Patient) -> Finding:
    """Whether lapsed leases, ended waits and what has expired are seen to; every worker does that each heartbeat."""
    now = patient.now()
    overdue = 1000 * max(OVERDUE, OVERDUE_BEATS * patient.settings.heartbeat)
    for whose, store in (("", patient.store), ("internal ", patient.internal)):
        late = sum(_until(store, key, now - overdue) for key in _urgent(store.keys))
        if late:
            advice = "Every worker sweeps: see whether one runs, and its log for supervision.failed."
            return fail(f"{whose}{_jobs(late)} overdue (lapsed leases, ended waits); nobody cares.", advice)
    left = sum(_until(patient.store, key, now - 1000 * LYING_ABOUT) for key in _expiring(patient.store.keys))
    if left:
        advice = "The sweep can't keep up or can't delete files: see the workers' logs for blob.not_deleted."
        return warn(f"{left} entries have expired and were not cleared up.", advice)
    return ok("Nothing is overdue.")


def check_outbox(patient: Patient) -> Finding:
    """Whether webhooks of jobs that have ended are taken on."""
    count, oldest = _first(patient.store, patient.store.keys.outbox)
    if oldest is None:
        return ok("None waits to be taken on.")
    age = (patient.now() - oldest) / 1000
    found = f"{count} wait{'s' if count == 1 else ''} to be taken on, the oldest for {age:.0f} s."
    if age <= OUTBOX_WAIT:
        return ok(found)
    return warn(found, "Run `coatcheck worker --internal`, which delivers them.")


def check_handover(patient: Patient) -> Finding:
    """Whether messages come on to an engine or broker that no script can write to."""
    store = patient.store
    handover = Handover(patient.settings.namespace, store.redis, store.scripts)
    with reaching_redis():
        waiting = sum(store.redis.llen(handover.key(step)) for step in STEPS)
    late = _until(store, handover.in_hand, patient.now() - 1000 * OVERDUE)
    if not late and waiting <= MANY_HANDED:
        return ok("Nothing waits to be handed to the engine." if not waiting else f"{waiting} on their way.")
    found = f"{waiting + late} messages don't come on to the queue engine or broker."
    return fail(found, "See whether the broker of COATCHECK_BROKER_URL runs, and the logs of API and workers.")


def _first(store: Store, key: str) -> tuple[int, float | None]:
    """How many entries an index has, and the time of its first."""
    with reaching_redis(), store.redis.pipeline(transaction=False) as pipeline:
        pipeline.zcard(key)
        pipeline.zrange(key, 0, 0, withscores=True)
        count, first = cast("tuple[int, list[tuple[bytes, float]]]", pipeline.execute())
    return count, first[0][1] if first else None


def _until(store: Store, key: str, moment: float) -> int:
    """How many entries of an index were due before the moment, Unix milliseconds."""
    with reaching_redis():
        return store.redis.zcount(key, "-inf", moment)


def _urgent(keys: Keys) -> tuple[str, ...]:
    return keys.leases, keys.waits, keys.due


def _expiring(keys: Keys) -> tuple[str, ...]:
    return keys.finished, keys.blobs


def _jobs(count: int) -> str:
    return "1 job is" if count == 1 else f"{count} jobs are"
