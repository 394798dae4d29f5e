"""The webhooks: how that of a job stands, delivering it again, the secret they are signed with, disabled endpoints."""

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError

from app.access.callers import caller
from app.answers import NO_STORE, as_json
from app.catalog import Length, String
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.documents import moment
from app.problems import Problem
from app.submitting.bodies import Body, read_body
from app.submitting.pointers import refuse_fields
from app.urls import absolute, job_path, redeliver_path, webhook_path
from jobs.api_keys import Scope
from jobs.job import Job
from jobs.webhook_address import LONGEST_URL, EndpointRefused, read_endpoint
from jobs.webhook_endpoints import Disabled
from jobs.webhook_log import Attempt, Delivery
from jobs.webhook_secrets import Secret

blueprint = Blueprint("webhooks", __name__)


def _check_url(url: str) -> None:
    """Refuses what can't be an endpoint, and so can't have been disabled."""
    try:
        read_endpoint(url)
    except EndpointRefused as refused:
        raise ValidationError(str(refused)) from None


#: What enabling an endpoint is told.
_ENABLED = Schema.from_dict(
    {"url": String(required=True, validate=[Length(max=LONGEST_URL), _check_url])}, name="Endpoint"
)()


@blueprint.get("/jobs/<job_id>/webhook")
@documented(
    Operation(
        scope=Scope.READ,
        answers={200: Answer(description="How the webhook stands, and each attempt.", schema="Webhook")},
        problems=("no-such-job", "no-webhook", "store-unavailable"),
    )
)
def show(job_id: str) -> Response:
    """Show how the webhook of a job stands."""
    job = _job_with_webhook(job_id)
    return as_json(webhook_document(job, desk().webhooks.delivery_of(job)), headers=[NO_STORE])


@blueprint.post("/jobs/<job_id>/webhook/redeliver")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={202: Answer(description="It is delivered again.", schema="Webhook", headers=("Location",))},
        problems=("no-such-job", "no-webhook", "webhook-pending", "store-unavailable"),
    )
)
def redeliver(job_id: str) -> Response:
    """Deliver the webhook of a job once more."""
    job = _job_with_webhook(job_id)
    if not desk().webhooks.redeliver(job):
        raise Problem("webhook-pending", "The webhook is still to be delivered; there is nothing to repeat yet.")
    where = ("Location", absolute(webhook_path(job.id)))
    return as_json(webhook_document(job, desk().webhooks.delivery_of(job)), status=202, headers=[where, NO_STORE])


@blueprint.get("/webhooks")
@documented(
    Operation(
        scope=Scope.READ,
        answers={200: Answer(description="The endpoints that are called no more.", schema="Webhooks")},
        problems=("store-unavailable",),
    )
)
def disabled() -> Response:
    """List the caller's endpoints that are disabled."""
    return _disabled()


@blueprint.post("/webhooks/enable")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={200: Answer(description="The endpoint is called again; what is left.", schema="Webhooks")},
        problems=(
            "malformed-body",
            "request-timeout",
            "body-too-large",
            "unsupported-media-type",
            "invalid-request",
            "store-unavailable",
        ),
        body={
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Endpoint"}}},
        },
    )
)
def enable() -> Response:
    """Let a disabled endpoint be called again; one that is not disabled stays as it is."""
    desk().webhooks.endpoints.enable(caller(), _url_in(read_body(request)))
    return _disabled()


@blueprint.get("/webhooks/secret")
@documented(
    Operation(
        # Who has it can sign in the service's name: no key that is only for reading shows it.
        scope=Scope.SUBMIT,
        answers={200: Answer(description="The caller's secret.", schema="WebhookSecret")},
        problems=("store-unavailable",),
    )
)
def secret() -> Response:
    """Show the secret that the caller's webhooks are signed with."""
    return _told(desk().webhooks.secrets.find(caller()))


@blueprint.post("/webhooks/secret/rotate")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={
            200: Answer(description="The new secret; the old one signs as well for a day.", schema="WebhookSecret")
        },
        problems=("store-unavailable",),
    )
)
def rotate() -> Response:
    """Replace the secret that the caller's webhooks are signed with."""
    return _told(desk().webhooks.secrets.rotate(caller()))


def webhook_document(job: Job, delivery: Delivery) -> dict[str, object]:
    """The webhook of a job as its caller sees it."""
    return {
        "id": job.webhook_delivery,
        "url": job.webhook,
        "state": delivery.state,
        "attempts": [_attempt(attempt) for attempt in delivery.attempts],
        "next_attempt": moment(delivery.next_attempt),
        "links": {
            "self": absolute(webhook_path(job.id)),
            "job": absolute(job_path(job.id)),
            "redeliver": absolute(redeliver_path(job.id)),
        },
    }


def _attempt(attempt: Attempt) -> dict[str, object]:
    call = attempt.call
    return {"at": moment(attempt.at), "status": call.status, "ms": call.ms, "error": call.error or None}


def _job_with_webhook(job_id: str) -> Job:
    job = desk().job(job_id)
    if not job.webhook:
        raise Problem("no-webhook", "The job was submitted without a webhook.")
    return job


def _disabled() -> Response:
    found = desk().webhooks.endpoints.disabled(caller())
    return as_json({"disabled": [_endpoint(each) for each in found]}, headers=[NO_STORE])


def _endpoint(found: Disabled) -> dict[str, object]:
    return {"url": found.url, "since": moment(found.since), "why": "It answered 410 Gone."}


def _url_in(body: Body) -> str:
    if body.errors:
        raise refuse_fields(body.errors)
    # A file has no business here; named like this it is an unknown field.
    members = body.members if body.upload is None else {**body.members, "data": None}
    try:
        return str(_ENABLED.load(members)["url"])
    except ValidationError as error:
        raise refuse_fields(error.messages_dict) from None


def _told(found: Secret) -> Response:
    told = {"secret": found.text, "previous_until": moment(found.previous_until)}
    return as_json(told, headers=[NO_STORE])
