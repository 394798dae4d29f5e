"""What an RQ worker and its horses tell the parent: which run began, and how it ended."""

from multiprocessing.connection import Connection
from typing import NamedTuple

import orjson

from worker.crew import Run


class Report(NamedTuple):
    """One message to the parent."""

    run: Run
    #: None: the run begins; else how its process has ended, 0 where it came to its end by itself.
    status: int | None


def send(reports: "Connection[bytes, bytes]", report: Report) -> None:
    """Tells it; short enough for the pipe to keep it whole among those of others.

    Raises:
        BrokenPipeError: the parent is no more.

    """
    reports.send_bytes(orjson.dumps([*report.run, report.status]))


def received(reports: "Connection[bytes, bytes]") -> list[Report]:
    """What has come since the last time; nothing more comes once all who could write are gone."""
    found = []
    try:
        while reports.poll():
            job_id, pid, status = orjson.loads(reports.recv_bytes())
            found.append(Report(Run(job_id, pid), status))
    except EOFError:
        pass
    return found
