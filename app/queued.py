"""A job that is waited for: polling its status, and canceling it there."""

from flask import Blueprint, Response

from app.answers import NO_STORE, as_json
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.intake import ticket_or_outcome
from app.jobs import CANCELING, cancel_job
from app.urls import absolute, result_path
from jobs.api_keys import Scope

blueprint = Blueprint("queued", __name__)


@blueprint.get("/queuedResource/<job_id>/status")
@documented(
    Operation(
        scope=Scope.READ,
        answers={
            202: Answer(
                description="Not done; ask again.",
                schema="Job",
                headers=("Location", "Retry-After", "Preference-Applied"),
            ),
            303: Answer(
                description="Ended, however; the Location has the outcome.",
                schema="Job",
                headers=("Location", "Preference-Applied"),
            ),
        },
        problems=("no-such-job", "store-unavailable"),
        heeds=("Prefer",),
    )
)
def status(job_id: str) -> Response:
    """Poll a job."""
    job = desk().job(job_id)
    if not job.is_final:
        return ticket_or_outcome(job, headers=[])
    where = ("Location", absolute(result_path(job.id)))
    return as_json(desk().document(job), status=303, headers=[where, NO_STORE, ("Vary", "Prefer")])


@blueprint.delete("/queuedResource/<job_id>")
@blueprint.delete("/queuedResource/<job_id>/status")
@documented(CANCELING)
def cancel(job_id: str) -> Response:
    """Cancel a job where it is polled."""
    return cancel_job(job_id)
