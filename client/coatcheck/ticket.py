"""A ticket: one job that was handed in, to be watched, waited for, canceled and picked up."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx

from coatcheck.answers import PAUSE, document_of, link_of, retry_after_of
from coatcheck.connection import Connection, preferring
from coatcheck.errors import UnexpectedAnswer, WaitTimeout
from coatcheck.events import Event, follow
from coatcheck.walk import Job, job_of

#: Longest time that the server holds an answer back, seconds.
LONGEST_HOLD = 30


@dataclass(kw_only=True)
class Ticket:
    """A job that was handed in."""

    #: The server that has it.
    connection: Connection
    #: The job when it was last asked for.
    job: Job
    #: Where to ask for the status.
    status_url: str
    #: Where the result is; empty until the job is final.
    result_url: str = ""
    #: How long the server asked to wait before the next question, seconds.
    retry_after: float = field(default=PAUSE)

    def status(self, *, wait: int = 0) -> Job:
        """Ask for the job once; the answer may take up to ``wait`` seconds (at most 30) if the job has not ended.

        Raises:
            Problem: the server does not know the job, or can't say now.
            ConnectionLost: there was no answer.

        """
        answer = self.connection.send("GET", self.status_url, wait=wait, headers=preferring(wait))
        self.job = job_of(document_of(answer))
        # Who was kept waiting has waited.
        self.retry_after = 0.0 if "preference-applied" in answer.headers else retry_after_of(answer)
        if answer.status_code == httpx.codes.SEE_OTHER:
            self.result_url = answer.headers.get("location", "")
        if answer.status_code != httpx.codes.ACCEPTED and not self.result_url:
            raise UnexpectedAnswer(f"{self.status_url} answered {answer.status_code} where 202 or 303 was due.")
        return self.job

    def wait(
        self,
        *,
        on_progress: Callable[[Job], None] | None = None,
        at_most: float | None = None,
        every: float | None = None,
    ) -> Job:
        """Ask until the job is final, whatever its end; ``on_progress`` gets each answer.

        The server holds each answer back until the job ends, for up to 30 s, or for a second where there is somebody to
        be told of progress; if it does not, the pause between two questions is its ``Retry-After``. With ``every`` it
        is at most so many seconds, for a display that should move; it costs the server a question each time.

        Raises:
            WaitTimeout: the job was not final after ``at_most`` seconds; it goes on.
            Problem: the server does not know the job, or can't say now.
            ConnectionLost: there was no answer.

        """
        ends = math.inf if at_most is None else time.monotonic() + at_most
        hold = LONGEST_HOLD if on_progress is None and every is None else math.floor(PAUSE if every is None else every)
        while True:
            job = self.status(wait=min(hold, LONGEST_HOLD, _whole(ends - time.monotonic())))
            if on_progress is not None:
                on_progress(job)
            if self.result_url:
                return job
            pause = self.retry_after if every is None else min(self.retry_after, every)
            if time.monotonic() + pause > ends:
                raise WaitTimeout(f"The job {job.id} was still {job.status} after {at_most:g} s.")
            time.sleep(pause)

    def events(self) -> Iterator[Event]:
        """What has happened and happens to the job, until it has ended; a connection that breaks is taken up again.

        Raises:
            Problem: the server does not know the job, or the key is not good any more.
            ConnectionLost: the server is away for a minute.
            UnexpectedAnswer: what answers tells no events.

        """
        return follow(self.connection, link_of(self.job.document, "events") or f"/jobs/{self.job.id}/events")

    def cancel(self) -> Job:
        """Ask the server to end the job; one that runs is ``canceling`` first.

        Raises:
            Problem: it has ended otherwise (409), or the server does not know it.
            ConnectionLost: there was no answer.

        """
        self.job = job_of(document_of(self.connection.send("DELETE", f"/jobs/{self.job.id}")))
        return self.job

    def result(self) -> dict[str, object]:
        """The result's JSON object; waits for it if need be.

        Raises:
            Problem: the job failed, was canceled, or its result has expired.
            ConnectionLost: there was no answer.
            UnexpectedAnswer: the result is no JSON object.

        """
        if not self.result_url:
            self.wait()
        return document_of(self.connection.send("GET", self.result_url))


def _whole(seconds: float) -> int:
    """The whole seconds of a time that may be over, or without end."""
    return int(max(0.0, min(seconds, LONGEST_HOLD)))
