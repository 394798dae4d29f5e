"""How many connections a process may hold: each is an open file, and those are limited by the system."""

import contextlib
import resource

import structlog

log = structlog.get_logger(__name__)

#: Connections that a process may hold at once; what comes beyond them waits to be accepted.
MOST_CONNECTIONS = 10_000

#: Open files that a process needs beside its clients' connections: Redis, logs, files of jobs.
_OTHERS = 256


def most_connections() -> int:
    """How many connections a process may hold; raises the limit of open files as far as the system lets it."""
    wanted = MOST_CONNECTIONS + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _below(soft, wanted):
        # Where there is no hard limit, the kernel may have one of its own.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if _below(hard, wanted) else wanted, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if not _below(soft, wanted):
        return MOST_CONNECTIONS
    log.warning("api.few_open_files", limit=soft, wanted=wanted)
    return max(1, soft - _OTHERS)


def _below(limit: int, wanted: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < wanted
