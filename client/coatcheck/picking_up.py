"""The ticket of a job of which only the id is known."""

from coatcheck.answers import document_of, link_of
from coatcheck.connection import Connection
from coatcheck.errors import UnexpectedAnswer
from coatcheck.ticket import Ticket
from coatcheck.walk import job_of


def ticket_of(connection: Connection, job_id: str) -> Ticket:
    """A ticket for a job that was handed in before, by whomever.

    Raises:
        Problem: the server does not know the job, or can't say now.
        ConnectionLost: there was no answer.
        UnexpectedAnswer: what answers is no job.

    """
    job = job_of(document_of(connection.send("GET", f"/jobs/{job_id}")))
    status_url = link_of(job.document, "status")
    if not status_url:
        raise UnexpectedAnswer(f"{connection.url} answered without the links of a job.")
    return Ticket(connection=connection, job=job, status_url=status_url)
