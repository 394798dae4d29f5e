"""Checks of the Redis server: its version, how fast it answers, its connections and its replicas."""

import time
from statistics import median

from jobs.masking import without_password
from stack.doctor.finding import Finding, fail, ok, unknown, warn
from stack.doctor.patient import Patient
from stack.redis_server import OLDEST

#: How many round trips the median is of.
ROUND_TRIPS = 25

#: A median above which a poll is felt to be slow, seconds; a healthy one is below a millisecond.
SLOW = 0.01

#: Share of the connections from which on it gets tight, and from which on clients are turned away soon.
TIGHT, FULL = 0.8, 0.95

#: How far behind a replica may be, seconds.
BEHIND = 10


def check_version(patient: Patient) -> Finding:
    """The server's version; 6.2 is the oldest that knows every command in use."""
    where = without_password(patient.settings.redis_url)
    said = patient.text("redis_version")
    if said is None:
        return unknown(f"{where} answers, and does not tell its version (INFO is forbidden).")
    oldest = ".".join(map(str, OLDEST))
    if tuple(int(part) for part in said.split(".")[:2]) < OLDEST:
        return fail(f"Redis {said} at {where}.", f"Upgrade it to {oldest} or later.")
    valkey = patient.text("valkey_version")
    return ok(f"{f'Valkey {valkey}' if valkey else f'Redis {said}'} at {where}.")


def check_latency(patient: Patient) -> Finding:
    """The median time of a round trip; each request waits for one or two."""
    times = []
    for _ in range(ROUND_TRIPS):
        began = time.perf_counter()
        patient.now()
        times.append(time.perf_counter() - began)
    middle, limit = median(times), patient.settings.redis_timeout
    found = f"A round trip takes {middle * 1000:.2g} ms (median of {ROUND_TRIPS}); the time-out is {limit * 1000:g} ms."
    if middle > limit / 4:
        return fail(found, "Requests will time out: move Redis nearer, or raise COATCHECK_REDIS_TIMEOUT.")
    if middle > SLOW:
        return warn(found, "Look for slow commands (SLOWLOG GET), a busy machine, or a network between.")
    return ok(found)


def check_clients(patient: Patient) -> Finding:
    """How many connections Redis has of those that it takes."""
    connected = patient.number("connected_clients")
    limit = patient.number("maxclients") or int(patient.option("maxclients") or 0)
    if connected is None or not limit:
        return unknown("Redis does not say how many connections it has and takes.")
    found = f"{connected} of {limit} connections."
    advice = "Raise maxclients (and the server's limit of open files), or run fewer API processes."
    if connected >= FULL * limit:
        return fail(found, advice)
    return warn(found, advice) if connected >= TIGHT * limit else ok(found)


def check_replication(patient: Patient) -> Finding:
    """That we speak to the master, and that it has the replicas that it needs, none of them far behind."""
    role = patient.text("role")
    if role is None:
        return unknown("Redis does not say whether it is the master.")
    if role != "master":
        master = patient.text("master_host")
        return fail(f"This is a replica of {master}; it takes no writes.", "Name the master, or the sentinels.")
    wanted, good = int(patient.option("min-replicas-to-write") or 0), patient.number("min_slaves_good_slaves")
    if good is not None and good < wanted:
        found = f"It refuses every write: {good} of the {wanted} replicas are there that min-replicas-to-write wants."
        return fail(found, "Mend the replicas, or lower min-replicas-to-write.")
    late = [name for name, replica in _replicas(patient).items() if _is_late(replica)]
    if late:
        return warn(f"{', '.join(late)} of its replicas fall behind.", "A failover now would lose jobs.")
    count = patient.number("connected_slaves") or 0
    return ok(f"The master, with {count} replica{'' if count == 1 else 's'}.")


def _replicas(patient: Patient) -> dict[str, dict[str, object]]:
    return {
        f"{replica.get('ip')}:{replica.get('port')}": replica
        for name, replica in patient.info.items()
        if name.startswith("slave") and isinstance(replica, dict)
    }


def _is_late(replica: dict[str, object]) -> bool:
    lag = replica.get("lag")
    return replica.get("state") != "online" or (isinstance(lag, int) and lag > BEHIND)
