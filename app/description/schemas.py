"""JSON Schemas of what the API answers; a test holds the real answers against them."""

from app.problems import PROBLEM_TYPES
from jobs.job import Cause, JobStatus, Priority

#: A JSON Schema.
JsonSchema = dict[str, object]


def component_schemas() -> dict[str, JsonSchema]:
    """The schemas that answers refer to, by name."""
    return {
        "Job": _job(),
        "Problem": _problem(),
        "ProblemType": _object(type=_URL, title=_TEXT, status=_COUNT),
        "Analyses": _object(analyses=_list_of(_ref("AnalysisSummary"))),
        "AnalysisSummary": _summary(),
        "Analysis": _analysis(),
        "Home": _object(service=_TEXT, links=_links(), analyses=_list_of(_ref("AnalysisSummary"))),
        "Alive": _object(status={"const": "alive"}),
        "Ready": _object(status={"const": "ready"}, checks=_links(_TEXT), workers=_COUNT),
    }


_TEXT: JsonSchema = {"type": "string"}
_URL: JsonSchema = {"type": "string", "format": "uri"}
_COUNT: JsonSchema = {"type": "integer", "minimum": 0}
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
        links=_object(self=_URL, status=_URL, result=_URL),
    )
    return {**schema, "additionalProperties": False}


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
    field = _object(path=_said(_TEXT, "JSON Pointer into the request."), message=_TEXT)
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


def _properties(schema: JsonSchema) -> dict[str, object]:
    found = schema["properties"]
    assert isinstance(found, dict)  # noqa: S101 - made by _object
    return found
