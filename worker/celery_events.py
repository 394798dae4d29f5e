"""What a worker's events say of a run's end: how the job stands, which Celery does not know.

To Celery every run that came to its end is a success, for the store has the outcome. Flower is to show failed jobs as
failed. Source: https://docs.celeryq.dev/en/stable/userguide/monitoring.html#event-reference
"""

from collections.abc import Mapping

from jobs.job import JobStatus

#: Celery's event for a run that came to its end.
ENDED = "task-succeeded"

#: The event for a status that the job has after a run, with what the event says beside. Any other status means that
#: the run was not to be, or that its outcome did not count.
_SAID: Mapping[str, tuple[str, Mapping[str, object]]] = {
    repr(str(JobStatus.FAILED)): ("task-failed", {"exception": "the job failed; GET /jobs/<id> tells why"}),
    repr(str(JobStatus.QUEUED)): ("task-retried", {"exception": "the job is put off"}),
}

_NOT_TO_BE = ("task-revoked", {"terminated": True, "signum": "", "expired": False})


def told_by(result: object) -> tuple[str, Mapping[str, object]] | None:
    """The event that is to be sent instead of success, and its fields; ``result`` is how the job stands, as its
    ``repr``. None: the run succeeded indeed.
    """
    if result == repr(str(JobStatus.SUCCEEDED)):
        return None
    return _SAID.get(str(result), _NOT_TO_BE)
