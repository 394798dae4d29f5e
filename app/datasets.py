"""The data sets: tables that are uploaded once and named by many jobs."""

from contextlib import ExitStack, suppress
from typing import TypedDict, cast
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Range, Regexp
from werkzeug.wsgi import FileWrapper

from app.access.authentication import check_still_welcome
from app.access.callers import caller, current_caller, sees_all
from app.answers import NO_STORE, as_json
from app.catalog import MEDIA_TYPES, Format
from app.dataset_documents import dataset_document, dataset_summary
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.preferences import wait_for_end, wait_wanted
from app.problems import Problem
from app.queries import read_query
from app.submitting.dataset_options import BODY, OPTIONS, DatasetOptions
from app.submitting.pointers import refuse_fields
from app.submitting.uploads import Received, receive
from app.turns import TURN
from app.urls import absolute, dataset_path
from jobs.api_keys import Scope
from jobs.datasets import Dataset, ask_for_description
from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.job import ID_PATTERN

blueprint = Blueprint("datasets", __name__)

#: Most data sets of one page.
MOST = 200


class _Asked(TypedDict, total=False):
    """The query of the list as its schema loads it."""

    limit: int
    cursor: str


#: The parameters of the list.
QUERY = Schema.from_dict(
    {
        "limit": fields.Integer(
            validate=Range(1, MOST),
            metadata={
                "description": "Most data sets of a page.",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": 50},
            },
        ),
        "cursor": fields.String(
            validate=Regexp(ID_PATTERN + r"\Z", error="Not a cursor; take it from the Link to the next page."),
            metadata={
                "description": "Where the page begins, from the Link to it.",
                "schema": {"type": "string", "pattern": ID_PATTERN},
            },
        ),
    },
    name="DatasetsQuery",
)()


@blueprint.post("/datasets")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={
            201: Answer(
                description="Taken in; jobs may name it at once. What it holds is told as soon as somebody has looked.",
                schema="Dataset",
                headers=("Location", "Preference-Applied"),
            )
        },
        problems=(
            "malformed-body",
            "invalid-query",
            "request-timeout",
            "body-too-large",
            "unsupported-media-type",
            "unreadable-file",
            "invalid-request",
            "store-unavailable",
            "storage-unavailable",
            "storage-full",
        ),
        heeds=("Prefer",),
        query=OPTIONS,
        body=BODY,
    )
)
def upload() -> Response:
    """Upload a data set."""
    at = desk()
    request.max_content_length = at.settings.max_dataset
    said = read_query(request, OPTIONS, DatasetOptions)
    received = receive(request, at.store, name=said.get("name", ""))
    try:
        options = cast("DatasetOptions", {"name": received.name, **said, **_options_in(received)})
        # Hours may have passed since the request began.
        check_still_welcome(current_caller())
    except Problem:
        at.store.blobs.delete(received.content.blob)
        raise
    keep = options.get("expires_in", at.settings.dataset_ttl)
    dataset = at.datasets.add(received.content, caller=caller(), name=options["name"], keep=keep)
    return _taken_in(dataset)


def _options_in(received: Received) -> DatasetOptions:
    try:
        return cast("DatasetOptions", OPTIONS.load(received.fields))
    except ValidationError as error:
        raise refuse_fields(error.messages_dict) from None


def _taken_in(dataset: Dataset) -> Response:
    at, seconds = desk(), wait_wanted(request)
    internal = at.webhooks.internal
    describing = ask_for_description(internal, dataset.id, caller=dataset.caller)
    headers = [("Location", absolute(dataset_path(dataset.id))), ("Vary", "Prefer"), NO_STORE]
    if seconds and describing is not None:
        # It is taken, whatever comes of the wait: its client must learn where it is.
        with suppress(NoSuchJob, StoreUnavailable):
            wait_for_end(describing, seconds=seconds, followers=at.internal_followers)
            dataset = at.datasets.find(dataset.id)
        headers.append(("Preference-Applied", f"wait={seconds}"))
    return as_json(dataset_document(dataset), status=201, headers=headers)


@blueprint.get("/datasets")
@documented(
    Operation(
        scope=Scope.READ,
        answers={200: Answer(description="Data sets, newest first.", schema="Datasets", headers=("Link",))},
        problems=("invalid-query", "store-unavailable"),
        query=QUERY,
    )
)
def datasets() -> Response:
    """List data sets."""
    asked = read_query(request, QUERY, _Asked)
    whose = None if sees_all() else caller()
    page, last = desk().datasets.page(whose, after=asked.get("cursor", ""), limit=asked.get("limit", 50))
    headers = [NO_STORE]
    if last:
        again = {name: value for name, value in request.args.items() if name != "cursor"}
        where = absolute(f"/datasets?{urlencode({**again, 'cursor': last})}")
        headers.append(("Link", f'<{where}>; rel="next"'))
    return as_json({"datasets": [dataset_summary(dataset) for dataset in page]}, headers=headers)


@blueprint.get("/datasets/<dataset_id>")
@documented(
    Operation(
        scope=Scope.READ,
        answers={200: Answer(description="The data set and what it holds.", schema="Dataset")},
        problems=("dataset-not-found", "store-unavailable"),
    )
)
def show(dataset_id: str) -> Response:
    """Show a data set: its columns, its first rows, or what is wrong with it."""
    return as_json(dataset_document(desk().dataset(dataset_id)), headers=[NO_STORE])


@blueprint.get("/datasets/<dataset_id>/content")
@documented(
    Operation(
        scope=Scope.READ,
        answers={
            200: Answer(
                description="The file as it was uploaded.",
                mimetype=", ".join(MEDIA_TYPES.values()),
                headers=("ETag", "Content-Disposition", "Accept-Ranges"),
            ),
            206: Answer(
                description="The part of it that was asked for.",
                mimetype=", ".join(MEDIA_TYPES.values()),
                headers=("ETag", "Content-Range"),
            ),
            304: Answer(description="The client has it already.", mimetype="", headers=("ETag",)),
        },
        problems=("dataset-not-found", "range-not-satisfiable", "store-unavailable", "storage-unavailable"),
        heeds=("If-None-Match", "Range"),
    )
)
def content(dataset_id: str) -> Response:
    """Get the file of a data set."""
    at = desk()
    dataset = at.dataset(dataset_id)
    opened = ExitStack()
    found = opened.enter_context(at.store.blobs.reading(dataset.content.blob))
    media_type = MEDIA_TYPES[Format(dataset.content.format)]
    answer = Response(FileWrapper(found.file, TURN), mimetype=media_type)
    answer.call_on_close(opened.close)
    answer.set_etag(dataset.content.sha256)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    name = quote(dataset.name or f"{dataset.id}.{dataset.content.format}", safe="")
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return cast("Response", answer.make_conditional(request, accept_ranges=True, complete_length=found.size))


@blueprint.delete("/datasets/<dataset_id>")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={204: Answer(description="It is gone; jobs that use it go on.", mimetype="")},
        problems=("dataset-not-found", "store-unavailable"),
    )
)
def delete(dataset_id: str) -> Response:
    """Delete a data set."""
    at = desk()
    at.datasets.delete(at.dataset(dataset_id))
    return Response(status=204)
