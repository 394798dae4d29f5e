"""JSON Schemas of what the API answers; a test holds the real answers against them."""

from app.catalog import Format
from app.problems import PROBLEM_TYPES
from jobs.datasets import DatasetState
from jobs.job import Cause, JobStatus, Priority
from jobs.webhook_log import DeliveryState

#: A JSON Schema.
JsonSchema = dict[str, object]


def component_schemas() -> dict[str, JsonSchema]:
    """The schemas that answers refer to, by name."""
    return {
        "Job": _job(),
        "Problem": _problem(),
        "ProblemType": _object(type=_URL, title=_TEXT, status=_COUNT, advice=_TEXT),
        "Analyses": _object(analyses=_list_of(_ref("AnalysisSummary"))),
        "AnalysisSummary": _summary(),
        "Analysis": _analysis(),
        "Home": _object(service=_TEXT, links=_links(), analyses=_list_of(_ref("AnalysisSummary"))),
        "Jobs": _object(jobs=_list_of(_ref("Job"))),
        "Batch": _batch(),
        "Event": _event(),
        "DatasetSummary": _dataset_summary(),
        "Dataset": _dataset(),
        "Datasets": _object(datasets=_list_of(_ref("DatasetSummary"))),
        "Logs": _object(logs=_list_of(_object(at=_MOMENT, message=_TEXT))),
        "Webhook": _webhook(),
        "Webhooks": _object(disabled=_list_of(_object(url=_URL, since=_MOMENT, why=_TEXT))),
        "WebhookSecret": _secret(),
        "Endpoint": {**_object(url=_URL), "additionalProperties": False},
        "Alive": _object(status={"const": "alive"}),
        "Ready": _object(status={"const": "ready"}, checks=_links(_TEXT), workers=_COUNT),
    }


#: The pattern of a text without NUL.
NO_NUL = "^[^\\u0000]*$"

_TEXT: JsonSchema = {"type": "string"}
_URL: JsonSchema = {"type": "string", "format": "uri"}
_COUNT: JsonSchema = {"type": "integer", "minimum": 0}
_MAYBE_COUNT: JsonSchema = {"type": ["integer", "null"], "minimum": 0}
_MOMENT: JsonSchema = {"type": "string", "format": "date-time"}
_MAYBE_MOMENT: JsonSchema = {"type": ["string", "null"], "format": "date-time"}
_ANY_OBJECT: JsonSchema = {"type": "object"}


def _object(**properties: JsonSchema) -> JsonSchema:
    return {"type": "object", "properties": properties, "required": [*properties]}


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(items: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": items}


def _links(values: JsonSchema = _URL) -> JsonSchema:
    return {"type": "object", "additionalProperties": values}


def _or_null(schema: JsonSchema) -> JsonSchema:
    return {"anyOf": [schema, {"type": "null"}]}


def _said(schema: JsonSchema, description: str) -> JsonSchema:
    return {**schema, "description": description}


def _job() -> JsonSchema:
    schema = _object(
        id={"type": "string", "format": "uuid", "description": "UUIDv7."},
        analysis=_TEXT,
        analysis_version=_TEXT,
        status={"type": "string", "enum": [*JobStatus]},
        message=_said(_TEXT, "The last line that the analysis logged."),
        progress={"type": ["number", "null"], "minimum": 0, "maximum": 100, "description": "Percent."},
        stage=_said(_TEXT, "What the analysis is doing."),
        queue_position={"type": ["integer", "null"], "minimum": 0, "description": "How many jobs are taken before."},
        eta=_said(_MAYBE_MOMENT, "When it will be done, as far as one can guess."),
        attempt=_COUNT,
        retry_of={"type": ["string", "null"], "format": "uuid", "description": "The job whose input it runs again."},
        batch={"type": ["string", "null"], "format": "uuid", "description": "The batch that it belongs to."},
        dataset={"type": ["string", "null"], "format": "uuid", "description": "The data set that it reads."},
        created=_MOMENT,
        started=_MAYBE_MOMENT,
        updated=_MOMENT,
        finished=_MAYBE_MOMENT,
        expires=_said(_MAYBE_MOMENT, "When its result goes."),
        label=_TEXT,
        seed=_COUNT,
        priority={"type": "string", "enum": [*Priority]},
        metrics=_or_null(_metrics()),
        error=_or_null(_failure()),
        figures=_list_of(_attachment()),
        files=_list_of(_attachment()),
        links=_job_links(),
    )
    return {**schema, "additionalProperties": False}


def _job_links() -> JsonSchema:
    schema = _object(self=_URL, status=_URL, result=_URL, events=_URL, logs=_URL)
    more = {"webhook": _said(_URL, "How its webhook stands, where it has one.")}
    return {**schema, "properties": {**_properties(schema), **more}}


def _attachment() -> JsonSchema:
    return _object(
        name=_TEXT,
        title=_TEXT,
        media_type=_TEXT,
        size={"type": "integer", "minimum": 0, "description": "Bytes."},
        links=_object(self=_URL),
    )


def _event() -> JsonSchema:
    return _object(
        id={"type": "string", "pattern": "^[0-9]+$", "description": "From 1, without a gap."},
        event={"type": "string", "enum": ["status", "progress", "log", "completed"]},
        data={"type": "string", "contentMediaType": "application/json"},
    )


def _batch() -> JsonSchema:
    statuses = [*JobStatus, "gone"]
    return _object(
        id={"type": "string", "format": "uuid"},
        analysis=_TEXT,
        status={"enum": ["active", "ended"], "description": "Whether one of its jobs waits or runs."},
        created=_MOMENT,
        counts=_object(**{str(status): _COUNT for status in statuses}),
        jobs=_list_of(
            _object(
                id={"type": "string", "format": "uuid"},
                status={"type": "string", "enum": statuses, "description": "gone: purged, or expired."},
                links=_object(self=_URL),
            )
        ),
        links=_object(self=_URL, jobs=_URL),
    )


def _dataset_summary() -> JsonSchema:
    error = _object(message=_TEXT, line=_MAYBE_COUNT, column=_MAYBE_COUNT)
    return _object(
        id={"type": "string", "format": "uuid", "description": "UUIDv7."},
        name=_TEXT,
        format={"type": "string", "enum": [*Format]},
        size=_said(_COUNT, "Bytes, when it is not compressed."),
        sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
        state={
            "type": "string",
            "enum": [*DatasetState],
            "description": "pending: nobody has looked into it yet, jobs may use it; invalid: it can't be read.",
        },
        created=_MOMENT,
        expires=_said(_MOMENT, "When it goes, unless it is used before."),
        rows=_MAYBE_COUNT,
        error=_or_null(error),
        links=_object(self=_URL, content=_URL),
    )


def _dataset() -> JsonSchema:
    column = _object(name=_TEXT, kind=_TEXT, missing=_COUNT, distinct=_COUNT)
    more = _object(
        columns=_or_null(_list_of(column)),
        preview=_or_null(_list_of(_ANY_OBJECT)),
        read_as=_or_null(_links(_TEXT)),
        notes=_said(_list_of(_TEXT), "What had to be assumed to read it."),
    )
    return {"allOf": [_ref("DatasetSummary"), more]}


def _webhook() -> JsonSchema:
    attempt = _object(
        at=_MOMENT,
        status={"type": ["integer", "null"], "description": "What the endpoint answered; null: nothing."},
        ms=_said(_COUNT, "How long the call took, milliseconds."),
        error=_or_null(_TEXT),
    )
    return _object(
        id={"type": "string", "format": "uuid", "description": "The webhook-id of every attempt."},
        url=_URL,
        state={"type": "string", "enum": [*DeliveryState]},
        attempts=_said(_list_of(attempt), "The latest ones, oldest first."),
        next_attempt=_MAYBE_MOMENT,
        links=_object(self=_URL, job=_URL, redeliver=_URL),
    )


def _secret() -> JsonSchema:
    return _object(
        secret={"type": "string", "pattern": "^whsec_", "description": "As Standard Webhooks' libraries take it."},
        previous_until=_said(_MAYBE_MOMENT, "Until when the secret before signs as well."),
    )


def _metrics() -> JsonSchema:
    return _object(
        wall={"type": "number", "description": "Wall-clock time, seconds."},
        cpu={"type": "number", "description": "CPU time, seconds."},
        peak_memory={"type": "integer", "description": "Highest resident memory of its process, bytes."},
    )


def _failure() -> JsonSchema:
    return _object(
        code={"type": "string", "enum": ["analysis-rejected-input", "analysis-failed"]},
        message=_TEXT,
        cause={"type": "string", "enum": [*Cause]},
    )


def _problem() -> JsonSchema:
    kinds = ", ".join(PROBLEM_TYPES)
    field: JsonSchema = {
        "type": "object",
        "properties": {
            "path": _said(_TEXT, "JSON Pointer into the body."),
            "parameter": _said(_TEXT, "Name of a parameter of the query."),
            "message": _TEXT,
        },
        "required": ["message"],
    }
    schema = _object(
        type=_said(_URL, f"Ends with the kind of problem: {kinds}."),
        title=_TEXT,
        status={"type": "integer"},
        detail=_TEXT,
    )
    schema["properties"] = {**_properties(schema), "errors": _list_of(field)}
    return {**schema, "description": "RFC 9457, with further members by its type."}


def _summary() -> JsonSchema:
    return _object(name=_TEXT, summary=_TEXT, version=_TEXT, links=_object(self=_URL, run=_URL))


def _analysis() -> JsonSchema:
    more = _object(
        description=_TEXT,
        takes_data={"type": "boolean"},
        timeout={"type": ["number", "null"], "description": "Longest run, seconds; null: the service's limit."},
        deterministic={"type": "boolean"},
        params=_said(_ANY_OBJECT, "JSON Schema (2020-12) of the params."),
        example=_said(_ANY_OBJECT, "A body that submits a job."),
        typical_seconds={"type": ["number", "null"], "description": "Median of its recent run times."},
    )
    return {"allOf": [_ref("AnalysisSummary"), more]}


def without_nul(schema: JsonSchema) -> JsonSchema:
    """The schema of what clients send, with what holds of every text in it, names included: it has no NUL."""
    found = {name: _without_nul(part) for name, part in schema.items()}
    names = found.get("propertyNames")
    if isinstance(names, dict):
        found["propertyNames"] = {"pattern": NO_NUL, **names}
    kinds = found.get("type")
    takes_text = kinds == "string" or (isinstance(kinds, list) and "string" in kinds)
    if takes_text and not {"enum", "const", "format", "pattern"} & found.keys():
        found["pattern"] = NO_NUL
    return found


def _without_nul(part: object) -> object:
    if isinstance(part, dict):
        return without_nul(part)
    return [_without_nul(each) for each in part] if isinstance(part, list) else part


def _properties(schema: JsonSchema) -> dict[str, object]:
    found = schema["properties"]
    assert isinstance(found, dict)  # noqa: S101 - made by _object
    return found
