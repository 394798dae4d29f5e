"""Checks of the roster: that every role is there, and that all processes belong together."""

from jobs.connection import reaching_redis
from jobs.roster import Member, Role
from jobs.version import service_version
from stack.doctor.finding import Finding, fail, ok, warn
from stack.doctor.patient import Patient


def check_workers(patient: Patient) -> Finding:
    """That somebody runs jobs."""
    workers = patient.members(Role.WORKER)
    if not workers:
        return fail("None has been heard of: jobs are accepted and not run.", "Start `coatcheck worker`.")
    slots, busy = sum(worker.slots for worker in workers), sum(worker.busy for worker in workers)
    return ok(f"{_count(workers, 'worker')}, {busy} of {slots} slots busy.")


def check_internal(patient: Patient) -> Finding:
    """That somebody delivers webhooks, draws figures and describes data sets."""
    internal = patient.members(Role.INTERNAL)
    if internal:
        return ok(f"{_count(internal, 'internal worker')}.")
    with reaching_redis():
        waiting = sum(patient.internal.redis.zcard(lane) for lane in patient.internal.keys.lanes)
    found, advice = "None has been heard of: no webhooks, no pictures.", "Start `coatcheck worker --internal`."
    return fail(f"{found} {waiting} wait.", advice) if waiting else warn(found, advice)


def check_api(patient: Patient) -> Finding:
    """That somebody answers HTTP."""
    processes = patient.members(Role.API)
    if not processes:
        return warn("No API process has been heard of.", "Start `coatcheck api` with this Redis and namespace.")
    return ok(f"{_count(processes, 'process', 'processes')}.")


def check_versions(patient: Patient) -> Finding:
    """That all run one version, this command's own included."""
    ours, members = service_version(), patient.members()
    found = {member.version for member in members}
    if found <= {ours}:
        return ok(f"{ours} everywhere.")
    told = "; ".join(f"{version}: {_places(members, version)}" for version in sorted(found))
    if len(found) == 1:
        return warn(f"All run {told}, and this command is {ours}.", "Use the command of the same version.")
    return warn(f"Several run at once. {told}.", "Fine during an upgrade; otherwise restart the older ones.")


def check_engines(patient: Patient) -> Finding:
    """That workers take from where the API puts the jobs."""
    members = patient.members()
    engines = sorted({member.engine for member in members})
    if len(engines) <= 1:
        return ok(f"{engines[0]} everywhere." if engines else "There is no process that could differ.")
    told = "; ".join(f"{engine}: {_engine_roles(members, engine)}" for engine in engines)
    return fail(f"They differ. {told}.", "Set one COATCHECK_ENGINE for all, and restart those of the other.")


def _places(members: list[Member], version: str) -> str:
    return ", ".join(sorted({f"{member.role}@{member.host}" for member in members if member.version == version}))


def _engine_roles(members: list[Member], engine: str) -> str:
    return ", ".join(sorted({member.role for member in members if member.engine == engine}))


def _count(members: list[Member], word: str, words: str = "") -> str:
    hosts = len({member.host for member in members})
    number = f"{len(members)} {word if len(members) == 1 else words or f'{word}s'}"
    return f"{number} on {'one host' if hosts == 1 else f'{hosts} hosts'}"
