"""The jobs: the document of one, and canceling it."""

from flask import Blueprint, Response

from app.answers import NO_STORE, as_json
from app.desk import desk
from app.operations import Answer, Operation, documented
from app.problems import Problem
from jobs.job import FINAL, JobStatus

blueprint = Blueprint("jobs", __name__)

#: What canceling answers, wherever it is asked for.
CANCELING = Operation(
    answers={
        200: Answer(description="Canceled.", schema="Job"),
        202: Answer(description="Its worker was told.", schema="Job", headers=("Location", "Retry-After")),
    },
    problems=("no-such-job", "job-already-ended", "store-unavailable"),
)


@blueprint.get("/jobs/<job_id>")
@documented(
    Operation(
        answers={200: Answer(description="The job, as long as its record exists.", schema="Job")},
        problems=("no-such-job", "store-unavailable"),
    )
)
def show(job_id: str) -> Response:
    """Show a job."""
    return as_json(desk().document(desk().job(job_id)), headers=[NO_STORE])


@blueprint.delete("/jobs/<job_id>")
@documented(CANCELING)
def cancel(job_id: str) -> Response:
    """Cancel a job."""
    return cancel_job(job_id)


def cancel_job(job_id: str) -> Response:
    """Cancels the caller's job and tells how it is then.

    Raises:
        Problem: it has succeeded or failed.
        NoSuchJob: there is none, or it is somebody else's.

    """
    desk().job(job_id)
    desk().store.cancel(job_id)
    job = desk().job(job_id)
    if job.status in FINAL - {JobStatus.CANCELED}:
        raise Problem("job-already-ended", f"The job has {job.status} already.", members={"job_status": job.status})
    if job.status is JobStatus.CANCELED:
        return as_json(desk().document(job), headers=[NO_STORE])
    return desk().ticket(job)
