"""JSON Schemas of what the API answers; a test holds the real answers against them."""

from app.catalog import Format
from app.description import job_schemas
from app.description.json_schema import (
    ANY_OBJECT,
    COUNT,
    MAYBE_COUNT,
    MAYBE_MOMENT,
    MOMENT,
    TEXT,
    URL,
    JsonSchema,
    links,
    list_of,
    object_of,
    or_null,
    properties_of,
    ref,
    said,
)
from app.problems import PROBLEM_TYPES
from jobs.datasets import DatasetState
from jobs.webhook_log import DeliveryState


def component_schemas() -> dict[str, JsonSchema]:
    """The schemas that answers refer to, by name."""
    return {
        "Job": job_schemas.job(),
        "Problem": _problem(),
        "ProblemType": object_of(type=URL, title=TEXT, status=COUNT, advice=TEXT),
        "Analyses": object_of(analyses=list_of(ref("AnalysisSummary"))),
        "AnalysisSummary": _summary(),
        "Analysis": _analysis(),
        "Home": object_of(service=TEXT, links=links(), analyses=list_of(ref("AnalysisSummary"))),
        "Jobs": object_of(jobs=list_of(ref("Job"))),
        "Batch": job_schemas.batch(),
        "Event": job_schemas.event(),
        "DatasetSummary": _dataset_summary(),
        "Dataset": _dataset(),
        "Datasets": object_of(datasets=list_of(ref("DatasetSummary"))),
        "Logs": object_of(logs=list_of(object_of(at=MOMENT, message=TEXT))),
        "Webhook": _webhook(),
        "Webhooks": object_of(disabled=list_of(object_of(url=URL, since=MOMENT, why=TEXT))),
        "WebhookSecret": _secret(),
        "Endpoint": {**object_of(url=URL), "additionalProperties": False},
        "Alive": object_of(status={"const": "alive"}),
        "Ready": object_of(status={"const": "ready"}, checks=links(TEXT), workers=COUNT, warnings=list_of(TEXT)),
    }


def _dataset_summary() -> JsonSchema:
    error = object_of(message=TEXT, line=MAYBE_COUNT, column=MAYBE_COUNT)
    return object_of(
        id={"type": "string", "format": "uuid", "description": "UUIDv7."},
        name=TEXT,
        format={"type": "string", "enum": [*Format]},
        size=said(COUNT, "Bytes, when it is not compressed."),
        sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
        state={
            "type": "string",
            "enum": [*DatasetState],
            "description": "pending: nobody has looked into it yet, jobs may use it; invalid: it can't be read.",
        },
        created=MOMENT,
        expires=said(MOMENT, "When it goes, unless it is used before."),
        rows=MAYBE_COUNT,
        error=or_null(error),
        links=object_of(self=URL, content=URL),
    )


def _dataset() -> JsonSchema:
    column = object_of(name=TEXT, kind=TEXT, missing=COUNT, distinct=COUNT)
    more = object_of(
        columns=or_null(list_of(column)),
        preview=or_null(list_of(ANY_OBJECT)),
        read_as=or_null(links(TEXT)),
        notes=said(list_of(TEXT), "What had to be assumed to read it."),
    )
    return {"allOf": [ref("DatasetSummary"), more]}


def _webhook() -> JsonSchema:
    attempt = object_of(
        at=MOMENT,
        status={"type": ["integer", "null"], "description": "What the endpoint answered; null: nothing."},
        ms=said(COUNT, "How long the call took, milliseconds."),
        error=or_null(TEXT),
    )
    return object_of(
        id={"type": "string", "format": "uuid", "description": "The webhook-id of every attempt."},
        url=URL,
        state={"type": "string", "enum": [*DeliveryState]},
        attempts=said(list_of(attempt), "The latest ones, oldest first."),
        next_attempt=MAYBE_MOMENT,
        links=object_of(self=URL, job=URL, redeliver=URL),
    )


def _secret() -> JsonSchema:
    return object_of(
        secret={"type": "string", "pattern": "^whsec_", "description": "As Standard Webhooks' libraries take it."},
        previous_until=said(MAYBE_MOMENT, "Until when the secret before signs as well."),
    )


def _problem() -> JsonSchema:
    kinds = ", ".join(PROBLEM_TYPES)
    field: JsonSchema = {
        "type": "object",
        "properties": {
            "path": said(TEXT, "JSON Pointer into the body."),
            "parameter": said(TEXT, "Name of a parameter of the query."),
            "message": TEXT,
        },
        "required": ["message"],
    }
    schema = object_of(
        type=said(URL, f"Ends with the kind of problem: {kinds}."),
        title=TEXT,
        status={"type": "integer"},
        detail=TEXT,
    )
    schema["properties"] = {**properties_of(schema), "errors": list_of(field)}
    return {**schema, "description": "RFC 9457, with further members by its type."}


def _summary() -> JsonSchema:
    return object_of(name=TEXT, summary=TEXT, version=TEXT, links=object_of(self=URL, run=URL))


def _analysis() -> JsonSchema:
    more = object_of(
        description=TEXT,
        takes_data={"type": "boolean"},
        timeout={"type": ["number", "null"], "description": "Longest run, seconds; null: the service's limit."},
        deterministic={"type": "boolean"},
        params=said(ANY_OBJECT, "JSON Schema (2020-12) of the params."),
        example=said(ANY_OBJECT, "A body that submits a job."),
        typical_seconds={"type": ["number", "null"], "description": "Median of its recent run times."},
    )
    return {"allOf": [ref("AnalysisSummary"), more]}
