"""The outcome of a job: its result, or why there is none."""

from contextlib import suppress

from flask import Blueprint, Response, request

from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.documents import code_of, moment
from app.problems import Problem
from app.urls import absolute, below, job_path, status_path
from jobs.api_keys import Scope
from jobs.errors import NoSuchJob
from jobs.job import Job, JobStatus

blueprint = Blueprint("results", __name__)


@blueprint.get("/resource/<job_id>/result")
@documented(
    Operation(
        scope=Scope.READ,
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
        raise without_result(job)
    # Not by `make_conditional`: that heeds If-Match too, and answers with a 412 of its own.
    known = request.if_none_match.contains_weak(job.etag)
    response = Response(status=304) if known else Response(content, mimetype="application/json")
    response.set_etag(job.etag)
    response.headers.update(result_headers(job, root=absolute("/")))
    return response


@blueprint.delete("/resource/<job_id>")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={204: Answer(description="Nothing of the job is kept any more.", mimetype="")},
        problems=("no-such-job", "job-not-ended", "store-unavailable"),
    )
)
def purge(job_id: str) -> Response:
    """Forget a job that has ended: its result, its files, its record."""
    job = desk().job(job_id)
    # It was there a moment ago: if it is not any more, this was asked twice.
    with suppress(NoSuchJob):
        desk().store.purge(job)
    return Response(status=204)


def result_headers(job: Job, *, root: str) -> list[tuple[str, str]]:
    """The headers of every result."""
    # It never changes, but it goes: whoever has it asks whether it is still there.
    kept = ("Cache-Control", "private, no-cache")
    return [kept, ("Link", f'<{below(root, job_path(job.id))}>; rel="describedby"')]


def without_result(job: Job) -> Problem:
    """Why there is nothing to pick up of this job."""
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
