"""Checks of what Redis keeps when it ends: its append-only file, its snapshots, and how they are written."""

from stack.doctor.finding import Finding, fail, ok, unknown, warn
from stack.doctor.patient import Patient

_AOF = "Set `appendonly yes` by CONFIG SET and in its configuration; in this order, or a restart starts empty."


def check_persistence(patient: Patient) -> Finding:
    """Whether a Redis that is started again knows the jobs."""
    aof = patient.number("aof_enabled")
    if aof is None:
        return unknown("Redis does not say whether it keeps an append-only file.", f"Make sure: {_AOF}")
    if aof:
        return ok("It keeps an append-only file.")
    snapshots = patient.option("save")
    if snapshots is None:
        return warn("It keeps no append-only file; whether it takes snapshots it does not say.", _AOF)
    if not snapshots:
        return fail("It keeps nothing: a restart of Redis loses every job.", _AOF)
    return warn("Snapshots only: a crash of Redis loses the jobs since the last one.", _AOF)


def check_writing(patient: Patient) -> Finding:
    """Whether the last writes to the disk went well."""
    named = {"aof_last_write_status": "append-only file", "aof_last_bgrewrite_status": "append-only file's rewrite"}
    if patient.number("aof_enabled") == 0 or patient.option("save"):
        named["rdb_last_bgsave_status"] = "snapshot"
    said = {name: patient.text(name) for name in named}
    if all(status is None for status in said.values()):
        return unknown("Redis does not say how its last writes went.")
    failed = [named[name] for name, status in said.items() if status not in ("ok", None)]
    if not failed:
        return ok("The last ones went well.")
    advice = "See Redis' log; free space on its disk. It may refuse every write until then (MISCONF)."
    return fail(f"The last one failed: {', '.join(failed)}.", advice)


def check_syncing(patient: Patient) -> Finding:
    """How much a machine that loses its power may lose."""
    if not patient.number("aof_enabled"):
        return unknown("There is no append-only file to sync.")
    policy = patient.option("appendfsync")
    if policy is None:
        return unknown("Redis does not say its appendfsync.")
    if policy == "no":
        return warn("no: a power cut loses what the system had not written, 30 s or so.", "Set everysec.")
    lost = "nothing" if policy == "always" else "the last second"
    return ok(f"{policy}: a power cut loses {lost}.")
