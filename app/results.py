"""The outcome of a job: its result, or why there is none."""

from flask import Blueprint, Response, request

from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.documents import code_of, moment
from app.problems import Problem
from app.urls import absolute, job_path, status_path
from jobs.job import Job, JobStatus

blueprint = Blueprint("results", __name__)


@blueprint.get("/resource/<job_id>/result")
@documented(
    Operation(
        answers={
            200: Answer(description="What the analysis returned.", headers=("ETag",)),
            304: Answer(description="The client has it already.", mimetype="", headers=("ETag",)),
        },
        problems=(
            "no-such-job",
            "result-not-ready",
            "job-canceled",
            "result-expired",
            "analysis-rejected-input",
            "analysis-failed",
            "store-unavailable",
            "storage-unavailable",
        ),
        heeds=("If-None-Match",),
    )
)
def result(job_id: str) -> Response:
    """Pick up the result of a job."""
    job, content = desk().job_with_result(job_id)
    if content is None:
        raise _without_result(job)
    # Not by `make_conditional`: that heeds If-Match too, and answers with a 412 of its own.
    known = request.if_none_match.contains_weak(job.etag)
    response = Response(status=304) if known else Response(content, mimetype="application/json")
    response.set_etag(job.etag)
    # It never changes, but it goes: whoever has it asks whether it is still there.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _without_result(job: Job) -> Problem:
    if not job.is_final:
        return _not_ready(job)
    about: dict[str, object] = {"job": absolute(job_path(job.id))}
    if job.failure is not None:
        return Problem(code_of(job.failure), job.failure.message, members={"cause": job.failure.cause, **about})
    if job.status is JobStatus.CANCELED:
        return Problem("job-canceled", "The job was canceled, so it has no result.", members=about)
    expired_at = moment(job.expires)
    return Problem(
        "result-expired", f"The result was kept until {expired_at}.", members={"expired_at": expired_at, **about}
    )


def _not_ready(job: Job) -> Problem:
    return Problem(
        "result-not-ready",
        f"The job is {job.status}; poll its status.",
        members={"job_status": job.status},
        headers={
            "Retry-After": str(desk().pace.outlook(job).retry_after),
            "Link": f'<{absolute(status_path(job.id))}>; rel="monitor"',
        },
    )
