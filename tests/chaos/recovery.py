"""Recoveries: how long after a fault the jobs that it hit ran again, or the API answered again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from chaos.broken_workers import process_of
from chaos.ledger import History
from chaos.plan import Fault
from chaos.scene import Wound
from jobs.job import JobStatus

#: Faults of which a recovery is a worker's next claim.
_OF_REDIS = frozenset({Fault.REDIS_KILLED, Fault.REDIS_STOPPED})
#: Within so many milliseconds of an outage of Redis every worker claims jobs again.
_RESUME = 10_000


def recoveries(wounds: Iterable[Wound], histories: Mapping[str, History]) -> dict[Fault, list[float]]:
    """The seconds of every recovery, by fault."""
    found: dict[Fault, list[float]] = defaultdict(list)
    for wound in wounds:
        if wound.fault in _OF_REDIS:
            found[wound.fault] += _next_claims_of_workers(wound, histories)
        elif wound.served_after is not None:
            found[wound.fault].append(wound.served_after)
        else:
            found[wound.fault] += _next_claims_of_jobs(wound, histories)
    return found


def _next_claims_of_jobs(wound: Wound, histories: Mapping[str, History]) -> list[float]:
    """For each job that was hit, the time to its next claim; one that ended without another is no recovery."""
    if wound.fault is Fault.MESSAGE_TWICE:
        return []  # It hurts nobody: the second claim is refused.
    hit = [history for job, history in histories.items() if _is_hit(job, history, wound)]
    claims = [next((claim.at for claim in history.claims if claim.at > wound.at), None) for history in hit]
    return [(claim - wound.at) / 1000 for claim in claims if claim is not None]


def _is_hit(job: str, history: History, wound: Wound) -> bool:
    stood = history.at(wound.at)
    if stood is None:
        return False
    if wound.fault is Fault.MESSAGE_LOST:
        return job == wound.job and stood.status is JobStatus.QUEUED
    if stood.status is not JobStatus.RUNNING:
        return False
    return job == wound.job or (bool(wound.worker) and process_of(stood.worker) == wound.worker)


def _next_claims_of_workers(wound: Wound, histories: Mapping[str, History]) -> list[float]:
    """For each worker that claimed jobs before and after, the time to its next claim."""
    first_after: dict[str, int] = {}
    claims = _claims(histories)
    for at, worker in claims:
        if at > wound.at:
            first_after.setdefault(worker, at)
    before = {worker for at, worker in claims if at <= wound.at}
    return [(at - wound.at) / 1000 for worker, at in first_after.items() if worker in before]


def silent_workers(wounds: Sequence[Wound], histories: Mapping[str, History]) -> list[str]:
    """Workers that nothing befell but an outage of Redis, and that claimed nothing after it though jobs came."""
    claims = _claims(histories)
    last = max((history.moves[0].at for history in histories.values()), default=0)
    return [
        f"worker {worker} claimed nothing for {_RESUME / 1000:g} s: {wound.fault}"
        for wound in wounds
        if wound.fault in _OF_REDIS and wound.at + _RESUME < last
        for worker in sorted(_claiming(claims, wound.at - _RESUME, wound.at))
        if worker not in _claiming(claims, wound.at, wound.at + _RESUME) and not _is_hit_too(worker, wound, wounds)
    ]


def _is_hit_too(worker: str, wound: Wound, wounds: Iterable[Wound]) -> bool:
    """Whether around the outage something else befell this worker, or Redis once more."""
    return any(
        abs(other.at - wound.at) <= _RESUME and (other.fault in _OF_REDIS or process_of(worker) == other.worker)
        for other in wounds
        if other is not wound
    )


def _claims(histories: Mapping[str, History]) -> list[tuple[int, str]]:
    """When which worker claimed a job, in order."""
    return sorted((claim.at, claim.worker) for history in histories.values() for claim in history.claims)


def _claiming(claims: Iterable[tuple[int, str]], after: int, until: int) -> set[str]:
    return {worker for at, worker in claims if after < at <= until}


def waits(histories: Mapping[str, History]) -> list[float]:
    """The seconds that each job waited for each of its runs."""
    pairs = [pair for history in histories.values() for pair in zip(history.moves, history.moves[1:], strict=False)]
    return [
        (after.at - before.at) / 1000
        for before, after in pairs
        if before.status is JobStatus.QUEUED and after.status is JobStatus.RUNNING
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies, by nearest rank."""
    return sorted(values)[max(ceil(share * len(values)) - 1, 0)]
