"""Batches: many jobs of one analysis handed in at once, watched and canceled together."""

from flask import Blueprint, Response, request

from app.access.callers import caller, current_caller
from app.answers import NO_STORE, as_json
from app.description.operations import Answer, Operation, documented
from app.desk import Desk, desk
from app.documents import batch_document
from app.intake import job_gone, replayed
from app.signals.request_log import note_batch
from app.submitting.batch import MOST_ITEMS, judge_batch
from app.submitting.bodies import read_body
from app.submitting.idempotency import idempotency_of
from app.submitting.pointers import refuse_fields
from app.urls import absolute, batch_path
from jobs.api_keys import Scope
from jobs.batches import Batch, cancel_batch, find_batch
from jobs.errors import NoSuchBatch, TooManyAtOnce
from jobs.intake import Order, Taken
from jobs.job import is_id, new_id

blueprint = Blueprint("batches", __name__)

#: How soon to look at a batch again, seconds.
RETRY_AFTER = 2


@blueprint.post("/analysis/<name>/batch")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={
            202: Answer(
                description=f"All items were accepted, 1 to {MOST_ITEMS} of them; watch the Location.",
                schema="Batch",
                headers=("Location", "Retry-After"),
            )
        },
        problems=(
            "no-such-analysis",
            "malformed-body",
            "body-too-large",
            "unsupported-media-type",
            "invalid-request",
            "request-timeout",
            "malformed-idempotency-key",
            "idempotency-key-reused",
            "job-gone",
            "no-such-dataset",
            "rate-limited",
            "too-many-active-jobs",
            "queue-full",
            "store-unavailable",
            "storage-unavailable",
            "storage-full",
        ),
        heeds=("Idempotency-Key",),
    )
)
def run_batch(name: str) -> Response:
    """Hand in many jobs, all or none."""
    at = desk()
    judge = at.judge(name)
    body = read_body(request)
    idempotency = idempotency_of(request, caller=caller(), body=body)
    known = replayed(idempotency)
    if not known:
        batch_id = new_id()
        order = Order(
            submissions=judge_batch(body, judge), idempotency=idempotency, batch=batch_id, rate=current_caller().rate
        )
        known = _taken(at, order).replayed
    batch = _replayed_batch(at, known) if known else _own(at, batch_id)
    note_batch(batch.id)
    return _told(batch, status=202)


@blueprint.get("/batches/<batch_id>")
@documented(
    Operation(
        scope=Scope.READ,
        answers={
            200: Answer(description="The batch, as long as it is known.", schema="Batch", headers=("Retry-After",))
        },
        problems=("no-such-batch", "store-unavailable"),
    )
)
def show(batch_id: str) -> Response:
    """Show a batch: how many of its jobs have which status, and each of them."""
    return _told(_own(desk(), batch_id), status=200)


@blueprint.delete("/batches/<batch_id>")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={
            200: Answer(description="None of its jobs runs or waits any more.", schema="Batch"),
            202: Answer(
                description="The workers of some were told.", schema="Batch", headers=("Location", "Retry-After")
            ),
        },
        problems=("no-such-batch", "store-unavailable"),
    )
)
def cancel(batch_id: str) -> Response:
    """Cancel every job of a batch that has not ended."""
    at = desk()
    cancel_batch(at.store, _own(at, batch_id))
    batch = _own(at, batch_id)
    return _told(batch, status=200 if batch.is_final else 202)


def _taken(at: Desk, order: Order) -> Taken:
    try:
        return at.store.take(order)
    except TooManyAtOnce as error:
        raise refuse_fields({"items": [str(error)]}) from None


def _replayed_batch(at: Desk, batch_id: str) -> Batch:
    try:
        return _own(at, batch_id)
    except NoSuchBatch:
        raise job_gone() from None


def _own(at: Desk, batch_id: str) -> Batch:
    if not is_id(batch_id):
        raise NoSuchBatch(batch_id[:64])
    batch = find_batch(at.store, batch_id)
    if not current_caller().sees(batch.caller):
        raise NoSuchBatch(batch_id)
    return batch


def _told(batch: Batch, *, status: int) -> Response:
    headers = [NO_STORE]
    if not batch.is_final:
        headers.append(("Retry-After", str(RETRY_AFTER)))
    if status == 202:
        headers.append(("Location", absolute(batch_path(batch.id))))
    return as_json(batch_document(batch), status=status, headers=headers)
