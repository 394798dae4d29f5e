"""The jobs: the document of one, canceling it, letting it finish, and running its input again."""

from flask import Blueprint, Response, request

from app.access.callers import caller
from app.answers import NO_STORE, as_json
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.intake import ENDED_IN_TIME, HANDING_IN, hand_in, replay
from app.problems import Problem
from app.signals.request_log import current_request_id
from app.submitting.idempotency import idempotency_of
from jobs.api_keys import Scope
from jobs.job import FINAL, JobStatus
from jobs.record import resubmission
from jobs.tracing import traceparent

blueprint = Blueprint("jobs", __name__)

#: What canceling answers, wherever it is asked for.
CANCELING = Operation(
    scope=Scope.SUBMIT,
    answers={
        200: Answer(description="Canceled.", schema="Job"),
        202: Answer(description="Its worker was told.", schema="Job", headers=("Location", "Retry-After")),
    },
    problems=("no-such-job", "job-already-ended", "store-unavailable"),
)


@blueprint.get("/jobs/<job_id>")
@documented(
    Operation(
        scope=Scope.READ,
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


@blueprint.post("/jobs/<job_id>/finish")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={202: Answer(description="Its run was told.", schema="Job", headers=("Location", "Retry-After"))},
        problems=("no-such-job", "job-not-running", "store-unavailable"),
    )
)
def finish(job_id: str) -> Response:
    """Let a running job end soon with its best so far."""
    desk().job(job_id)
    status = desk().store.finish(job_id)
    if status is not JobStatus.RUNNING:
        raise Problem("job-not-running", f"The job is {status}, not running.", members={"job_status": status})
    return desk().ticket(desk().job(job_id))


@blueprint.post("/jobs/<job_id>/retry")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={
            202: Answer(
                description="A new job was accepted; poll the Location.",
                schema="Job",
                headers=("Location", "Operation-Location", "Retry-After"),
            ),
            303: ENDED_IN_TIME,
        },
        problems=("no-such-job", "job-not-ended", "input-expired", *HANDING_IN),
        heeds=("Idempotency-Key", "Prefer"),
    )
)
def retry(job_id: str) -> Response:
    """Run the input of a job that has ended again, as a new job."""
    at = desk()
    idempotency = idempotency_of(request, caller=caller(), body=None)
    known = replay(idempotency)
    if known is not None:
        return known
    ended = at.job(job_id)
    if not ended.is_final:
        raise Problem("job-not-ended", f"The job is {ended.status}.", members={"job_status": ended.status})
    packed = at.store.input_of(ended)
    if packed is None:
        raise Problem("input-expired", "The job's input is no longer kept; hand it in anew.")
    again = resubmission(ended, packed=packed, request_id=current_request_id(), trace=traceparent())
    return hand_in(again, idempotency=idempotency)


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
        desk().webhooks.dispatch_soon(job)
        return as_json(desk().document(job), headers=[NO_STORE])
    return desk().ticket(job)
