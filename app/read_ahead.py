"""A result that was read with the poll that found it, for the request by which its client picks it up.

A 303 tells the client of a result, and it asks for that next, over the same connection and at once: then it is at hand,
and Redis need not be asked once more. It is kept for that one request alone, and only so briefly that it is as new as
the 303 is; whoever comes later, or over another connection, has it read anew.
"""

from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from jobs.job import Job

if TYPE_CHECKING:
    # The server loads this before gevent has replaced the sockets that redis-py would be loaded with.
    from jobs.store import Store

#: Under this name each request of a connection carries what was read ahead for it.
READ_AHEAD = "coatcheck.read_ahead"

#: How long what Redis was asked for, or told by itself, counts as what there is, seconds.
FRESH = 0.02

#: Largest result that is read ahead, bytes: every idle connection may hold one.
MOST = 2048


class Seen(NamedTuple):
    """A job as Redis has told of it."""

    job: Job
    #: Its result, if that was asked for, is in Redis and is so small that it is read ahead.
    result: bytes | None
    #: When Redis was asked, or had it to tell by itself, by the monotonic clock.
    asked: float


def look(store: "Store", job_id: str, *, with_result: bool = True) -> Seen:
    """The job as it is now.

    Raises:
        NoSuchJob: there is no record of it.
        StoreUnavailable: Redis can't say now.

    """
    asked = monotonic()
    return Seen(*store.find_with_small_result(job_id, most=MOST if with_result else 0), asked)


class ReadAhead:
    """What is kept with one connection."""

    __slots__ = ("_for_next", "_for_this")

    def __init__(self) -> None:
        self._for_this: Seen | None = None
        self._for_next: Seen | None = None

    def turn(self) -> None:
        """Another request begins on the connection."""
        self._for_this, self._for_next = self._for_next, None

    def keep(self, seen: Seen) -> None:
        """Keeps a result for the next request, if there is one.

        Not of a job with files, which are many and have long titles: what a connection keeps is small.
        """
        if seen.result is not None and not seen.job.attached:
            self._for_next = seen

    def result_of(self, job_id: str) -> Seen | None:
        """The job with its result, if the request before this one has read them a moment ago."""
        seen, self._for_this = self._for_this, None
        is_it = seen is not None and seen.job.id == job_id and monotonic() - seen.asked < FRESH
        return seen if is_it else None
