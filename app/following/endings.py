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

import structlog

from app.read_ahead import Seen
from jobs.job import ID_LENGTH
from jobs.record import ended_job

log = structlog.get_logger(__name__)

#: Where in a message the id of the job is: it is the first of a JSON array.
_ID = slice(2, 2 + ID_LENGTH)


class Ending:
    """The end of one job, as far as it was told."""

    def __init__(self, endings: "Endings") -> None:
        self._endings = endings
        #: Where it has to be told, or "" where this process does not listen (yet).
        self.channel = endings.channel if endings.is_heard else ""
        self._is_told = threading.Event()
        self._told = b""
        #: Before the job was handed in, and when its end was heard of.
        self._began = monotonic()
        self._heard = 0.0

    def tell(self, told: bytes) -> None:
        """It has ended; or, if nothing is told, nobody should wait for that any longer."""
        self._told, self._heard = told, monotonic()
        self._is_told.set()

    @property
    def is_likely(self) -> bool:
        """Whether it is likely to be told, for the last one was."""
        return bool(self.channel) and self._endings.is_told

    def note_found(self) -> None:
        """It has ended, and was found by following it."""
        if self.channel and not self._is_told.is_set():
            self._endings.is_told = False

    def wait(self, seconds: float) -> Seen | None:
        """The job as it has ended, after waiting for it; None where no word of it has come."""
        if not self._is_told.wait(seconds) or not self._told:
            return None
        try:
            job, result = ended_job(self._told)
            # When it ended, by Redis' own clock: the word may have been on its way for long. That clock may be set.
            ended = self._began + ((job.finished or job.created) - job.created) / 1000
        except Exception:
            # Nobody's accepted job is answered by an error for that.
            log.exception("ending.not_read")
            return None
        return Seen(job, result, min(ended, self._heard))


class Endings:
    """The jobs whose ends are told on one channel."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        #: Whether what is said on it is heard now.
        self.is_heard = False
        #: Whether the last job that ended here was told of; workers of an older version tell nothing.
        self.is_told = True
        self._expected: dict[str, Ending] = {}

    @contextmanager
    def expected(self, job_id: str) -> Iterator[Ending]:
        """Hears meanwhile of the end of a job, which is handed in within."""
        ending = self._expected[job_id] = Ending(self)
        try:
            yield ending
        finally:
            del self._expected[job_id]

    def stop(self) -> None:
        """This process stops: nobody waits any longer."""
        for ending in list(self._expected.values()):
            ending.tell(b"")

    def hear(self, told: bytes) -> None:
        """A job has ended; whoever expected that may have gone."""
        self.is_told = True
        ending = self._expected.get(told[_ID].decode("latin-1"))
        if ending is not None:
            ending.tell(told)
