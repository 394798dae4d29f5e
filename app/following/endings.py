"""Ends of jobs that this process is told of by itself: of those that are handed in here by clients who wait for them.

To follow a job costs a subscription, its job has to be read then, for it may have ended before, and once more at its
end; a short job takes no longer than that. So who hands in a job and waits says with it where its end is to be told: on
a channel of this process, to which it listens all the time. Redis tells there what a reader would find.

Nothing depends on that word coming: who has not heard it soon follows the job as others do.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from app.read_ahead import Seen
from jobs.job import ID_LENGTH
from jobs.record import ended_job

#: Where in a message the id of the job is: it is the first of a JSON array.
_ID = slice(2, 2 + ID_LENGTH)


class Ending:
    """The end of one job, as far as it was told."""

    def __init__(self, channel: str) -> None:
        #: Where it has to be told, or "" where this process does not listen (yet).
        self.channel = channel
        self._is_told = threading.Event()
        self._told = b""
        self._at = 0.0

    def tell(self, told: bytes) -> None:
        """It has ended."""
        self._told, self._at = told, monotonic()
        self._is_told.set()

    def wait(self, seconds: float) -> Seen | None:
        """The job as it has ended, after waiting for it; None where no word of it has come."""
        if not (self.channel and self._is_told.wait(seconds)):
            return None
        return Seen(*ended_job(self._told), self._at)


class Endings:
    """The jobs whose ends are told on one channel."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        #: Whether what is said on it is heard now.
        self.is_heard = False
        self._expected: dict[str, Ending] = {}

    @contextmanager
    def expected(self, job_id: str) -> Iterator[Ending]:
        """Hears meanwhile of the end of a job, which is handed in within."""
        ending = self._expected[job_id] = Ending(self.channel if self.is_heard else "")
        try:
            yield ending
        finally:
            del self._expected[job_id]

    def hear(self, told: bytes) -> None:
        """A job has ended; whoever expected that may have gone."""
        ending = self._expected.get(told[_ID].decode("latin-1"))
        if ending is not None:
            ending.tell(told)
