"""The examination: every check in its order, and what becomes of one that can't be made."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from redis.exceptions import ResponseError

from jobs.errors import StoreUnavailable
from jobs.masking import without_password
from jobs.settings import Settings
from stack.doctor.access import check_access
from stack.doctor.clock import check_clock
from stack.doctor.finding import Finding, fail, unknown
from stack.doctor.limits import check_open_files, check_times
from stack.doctor.memory import check_eviction, check_memory
from stack.doctor.patient import Patient, meet
from stack.doctor.persistence import check_persistence, check_syncing, check_writing
from stack.doctor.processes import check_api, check_engines, check_internal, check_versions, check_workers
from stack.doctor.queue import check_handover, check_outbox, check_queue, check_sweep
from stack.doctor.server import check_clients, check_latency, check_replication, check_version
from stack.doctor.storage import check_space, check_storage

#: Looked at in a service whose Redis answers, by what the report calls it.
SERVICE_CHECKS: Mapping[str, Callable[[Patient], Finding]] = {
    "redis": check_version,
    "latency": check_latency,
    "connections": check_clients,
    "replication": check_replication,
    "eviction": check_eviction,
    "memory": check_memory,
    "persistence": check_persistence,
    "disk writes": check_writing,
    "fsync": check_syncing,
    "clock": check_clock,
    "api": check_api,
    "workers": check_workers,
    "internal workers": check_internal,
    "versions": check_versions,
    "engine": check_engines,
    "queue": check_queue,
    "sweep": check_sweep,
    "hand-over": check_handover,
    "webhooks": check_outbox,
    "access": check_access,
}

#: Looked at on this machine, whatever Redis does.
MACHINE_CHECKS: Mapping[str, Callable[[Settings], Finding]] = {
    "storage": check_storage,
    "disk space": check_space,
    "open files": check_open_files,
    "times": check_times,
}

_Subject = TypeVar("_Subject", Patient, Settings)


def examine(settings: Settings) -> dict[str, Finding]:
    """What each check finds in the service with these settings; where Redis is away, that and this machine's."""
    return _service(settings) | {name: _made(check, settings) for name, check in MACHINE_CHECKS.items()}


def _service(settings: Settings) -> dict[str, Finding]:
    where = without_password(settings.redis_url)
    try:
        patient = meet(settings)
    except (StoreUnavailable, ResponseError) as error:
        advice = "Start it, or name another one by COATCHECK_REDIS_URL; the other checks of the service need it."
        return {"redis": fail(f"{where} can't be used: {error}", advice)}
    except ImportError:
        return {"redis": unknown(f"{where} was not looked at, for the blob store can't be opened from here.")}
    try:
        return {name: _made(check, patient) for name, check in SERVICE_CHECKS.items()}
    finally:
        patient.store.redis.close()
        patient.internal.redis.close()


def _made(check: Callable[[_Subject], Finding], subject: _Subject) -> Finding:
    """The check's finding; that it could not be looked at is one, too."""
    try:
        return check(subject)
    except (StoreUnavailable, ResponseError) as error:
        return unknown(f"Redis did not tell: {error}")
