"""Checks of Redis' memory: that it evicts nothing, and that there is room."""

from stack.doctor.finding import Finding, fail, ok, unknown, warn
from stack.doctor.patient import Patient

#: Share of the memory from which on it gets tight, and from which on jobs are refused soon.
TIGHT, FULL = 0.8, 0.95

_MORE = "Raise maxmemory, keep results shorter (COATCHECK_RESULT_TTL), or lower COATCHECK_INLINE_LIMIT."


def check_eviction(patient: Patient) -> Finding:
    """The policy of what goes when the memory is full: nothing may, for every key is somebody's job."""
    policy = patient.text("maxmemory_policy") or patient.option("maxmemory-policy")
    advice = "Set `maxmemory-policy noeviction` in its configuration and by CONFIG SET."
    if policy is None:
        return unknown("Redis does not say its maxmemory-policy.", f"Make sure: {advice}")
    if policy == "noeviction":
        return ok("noeviction: a full memory refuses jobs and loses none.")
    if not patient.number("maxmemory"):
        return warn(f"{policy}, which takes effect once maxmemory is set.", advice)
    return fail(f"{policy}: a full memory throws accepted jobs or their results away.", advice)


def check_memory(patient: Patient) -> Finding:
    """How much of its memory Redis uses."""
    used = patient.number("used_memory")
    if used is None:
        return unknown("Redis does not say how much memory it uses.")
    limit, machine = patient.number("maxmemory"), patient.number("total_system_memory")
    if not limit and not machine:
        return ok(f"{_size(used)} used, without limit.")
    whole = limit or machine or 0
    found = f"{_size(used)} of {_size(whole)}" + ("." if limit else " that its machine has; no maxmemory is set.")
    if used >= FULL * whole:
        return fail(found, f"Jobs are refused with 503 when it is full. {_MORE}")
    return warn(found, _MORE) if used >= TIGHT * whole else ok(found)


def _size(number: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.4g} {unit}"
        number /= 1024
    return f"{number:.4g} GiB"
