"""A result that was read with the poll that found it, for the request by which its client picks it up.

A 303 tells the client of a result, and it asks for that next, over the same connection and at once: then it is at hand,
and Redis need not be asked once more. It is kept for that one request alone, and only so briefly that it is as new as
the 303 is; whoever comes later, or over another connection, has it read anew.
"""

from time import monotonic

from jobs.job import Job

#: Under this name each request of a connection carries what was read ahead for it.
READ_AHEAD = "coatcheck.read_ahead"

#: How long what Redis was asked for counts as what there is, seconds.
FRESH = 0.02

#: Largest result that is read ahead, bytes: every idle connection may hold one.
MOST = 2048


class ReadAhead:
    """What is kept with one connection."""

    __slots__ = ("_for_next", "_for_this")

    def __init__(self) -> None:
        self._for_this: tuple[Job, bytes, float] | None = None
        self._for_next: tuple[Job, bytes, float] | None = None

    def turn(self) -> None:
        """Another request begins on the connection."""
        self._for_this, self._for_next = self._for_next, None

    def keep(self, job: Job, result: bytes, *, asked: float) -> None:
        """Keeps a result for the next request; ``asked``: when Redis was asked for it, by the monotonic clock.

        Not of a job with files, which are many and have long titles: what a connection keeps is small.
        """
        if not job.attached:
            self._for_next = job, result, asked

    def result_of(self, job_id: str) -> tuple[Job, bytes] | None:
        """The job and its result, if the request before this one has read them a moment ago."""
        if self._for_this is None:
            return None
        (job, result, read_at), self._for_this = self._for_this, None
        return (job, result) if job.id == job_id and monotonic() - read_at < FRESH else None
