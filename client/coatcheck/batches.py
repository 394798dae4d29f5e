"""A batch: many jobs of one analysis that were handed in at once."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from coatcheck.answers import PAUSE, document_of, retry_after_of
from coatcheck.connection import Connection
from coatcheck.errors import UnexpectedAnswer, WaitTimeout
from coatcheck.picking_up import ticket_of
from coatcheck.ticket import Ticket


@dataclass(kw_only=True)
class Batch:
    """Many jobs that were handed in at once."""

    #: The server that has them.
    connection: Connection
    #: What the server said of the batch when it was last asked.
    document: Mapping[str, object]
    #: How long the server asked to wait before the next question, seconds.
    retry_after: float = PAUSE

    @property
    def id(self) -> str:
        """The batch's id, a UUIDv7."""
        return str(self.document.get("id", ""))

    @property
    def is_final(self) -> bool:
        """Whether none of its jobs waits or runs any more."""
        return self.document.get("status") == "ended"

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of its jobs have which status."""
        return cast("Mapping[str, int]", self.document.get("counts") or {})

    @property
    def job_ids(self) -> list[str]:
        """Its jobs, in the order of the items."""
        try:
            return [str(job["id"]) for job in cast("list[dict[str, object]]", self.document["jobs"])]
        except (KeyError, TypeError):
            raise UnexpectedAnswer("The server sent a batch without its jobs.") from None

    def status(self) -> "Batch":
        """Ask for the batch once.

        Raises:
            Problem: the server does not know it, or can't say now.
            ConnectionLost: there was no answer.

        """
        return self._ask("GET")

    def wait(self, *, on_progress: "Callable[[Batch], None] | None" = None, at_most: float | None = None) -> "Batch":
        """Ask, as often as the server likes, until all its jobs are final; ``on_progress`` sees it after each answer.

        Raises:
            WaitTimeout: not all had ended after ``at_most`` seconds; they go on.
            Problem: the server does not know the batch, or can't say now.
            ConnectionLost: there was no answer.

        """
        ends = math.inf if at_most is None else time.monotonic() + at_most
        while True:
            self.status()
            if on_progress is not None:
                on_progress(self)
            if self.is_final:
                return self
            if time.monotonic() + self.retry_after > ends:
                raise WaitTimeout(f"The batch {self.id} was still active after {at_most:g} s.")
            time.sleep(self.retry_after)

    def cancel(self) -> "Batch":
        """Ask the server to end all its jobs.

        Raises:
            Problem: the server does not know the batch, or can't do it now.
            ConnectionLost: there was no answer.

        """
        return self._ask("DELETE")

    def tickets(self) -> Iterator[Ticket]:
        """A ticket for each job, in the order of the items; the server is asked for one after the other.

        Raises:
            Problem: the server does not know a job any more, or can't say now.
            ConnectionLost: there was no answer.

        """
        for job_id in self.job_ids:
            yield ticket_of(self.connection, job_id)

    def _ask(self, method: str) -> "Batch":
        answer = self.connection.send(method, f"/batches/{self.id}")
        self.document, self.retry_after = document_of(answer), retry_after_of(answer)
        return self
