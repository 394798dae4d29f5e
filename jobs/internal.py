"""The internal queue: what the service does for its jobs beside them, as ordinary jobs in a namespace of their own."""

from collections.abc import Mapping
from dataclasses import replace

from jobs.input import Input, pack
from jobs.job import Priority
from jobs.record import Submission
from jobs.settings import Settings

#: What the namespace of a service's internal jobs has at its end.
SUFFIX = ".internal"

#: Longest run of an internal job, seconds; a stuck one is ended by its worker.
TIMEOUT = 60.0

#: Attempts of an internal job, unless it says otherwise.
MAX_ATTEMPTS = 3

#: How long the result of an internal job is kept, seconds: who asked for it waits for it.
RESULT_TTL = 60.0

#: How long after that it is still known, seconds, so that a second submission of the same id changes nothing.
TOMBSTONE_TTL = 240.0

#: Largest input or result of an internal job that stays in Redis, bytes.
SMALL = 512 * 2**10


def internal_settings(settings: Settings) -> Settings:
    """The settings under which the internal jobs of this service live: the same Redis, another namespace."""
    return replace(
        settings,
        namespace=f"{settings.namespace}{SUFFIX}",
        concurrency=settings.internal_concurrency,
        max_attempts=MAX_ATTEMPTS,
        timeout=TIMEOUT,
        result_ttl=RESULT_TTL,
        tombstone_ttl=TOMBSTONE_TTL,
        # Its input is an id or two; no file storage that is away can keep it back.
        inline_limit=SMALL,
        # What it has accepted the service owes: no limit refuses it.
        max_active=0,
        max_queued=0,
        rate_limit=0,
    )


def internal_submission(
    name: str,
    params: Mapping[str, object],
    *,
    job_id: str,
    caller: str,
    max_attempts: int = MAX_ATTEMPTS,
    request_id: str = "",
    trace: str = "",
) -> Submission:
    """An internal job for a caller; of two with the same id the second changes nothing.

    ``request_id`` and ``trace`` are of the request that it is done for in the end.
    """
    return Submission(
        id=job_id,
        analysis=name,
        analysis_version="1",
        input=pack(Input(params=params, source=None, payload=b"")),
        caller=caller,
        priority=Priority.NORMAL,
        label="",
        seed=0,
        timeout=TIMEOUT,
        expires_in=None,
        max_attempts=max_attempts,
        request_id=request_id,
        trace=trace,
    )
