"""Checks of limits and times that have to fit together: open files, and how long things are kept."""

import resource

from jobs.intake import IDEMPOTENCY_KEPT
from jobs.settings import Settings
from stack.doctor.finding import Finding, ok, warn

#: Open files of an API process that holds as many connections as it would; ``app/serving/descriptors.py`` raises its
#: own limit to that, where the hard limit lets it.
OPEN_FILES = 10_256


def check_open_files(_: Settings) -> Finding:
    """How many files a process that is started from here may open."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY or hard >= OPEN_FILES:
        return ok("A process may open enough.")
    found = f"A process may open {hard}: an API process takes {max(1, hard - 256)} connections instead of 10000."
    return warn(found, f"Set LimitNOFILE= (systemd) or ulimits.nofile (Compose) to {OPEN_FILES} or more.")


def check_times(settings: Settings) -> Finding:
    """Times that work against each other."""
    problems = []
    known = settings.result_ttl + settings.tombstone_ttl
    if known < IDEMPOTENCY_KEPT / 1000:
        problems.append("jobs are forgotten before their Idempotency-Key (24 h), so that a repeated request finds 404")
    if settings.result_ttl + settings.tombstone_ttl < sum(map(float, settings.webhook_retries)):
        problems.append("jobs are forgotten before the last try of their webhook")
    if 3 * settings.redis_timeout > settings.lease:
        problems.append("a few slow answers of Redis let leases lapse: LEASE should be at least three REDIS_TIMEOUT")
    if not problems:
        return ok("They fit together.")
    return warn(f"{'; '.join(problems)}.", "See COATCHECK_RESULT_TTL, TOMBSTONE_TTL, WEBHOOK_RETRIES and LEASE.")
