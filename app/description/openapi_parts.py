"""The parts of the API description: parameters, answers, and the body that submits a job."""

from collections.abc import Iterable, Mapping
from typing import cast

from marshmallow import Schema

from app.catalog import Analysis, object_schema
from app.description.operations import Answer, Operation
from app.description.schemas import JsonSchema
from app.documents import example_body
from app.problems import MEDIA_TYPE, PROBLEM_TYPES
from app.submitting.bodies import FILE_FIELD

_PATH_PARAMETERS: Mapping[str, JsonSchema] = {
    "name": {"type": "string", "description": "Name of an analysis."},
    "job_id": {"type": "string", "format": "uuid", "description": "Id of a job."},
    "slug": {"type": "string", "enum": [*PROBLEM_TYPES], "description": "End of the URL of a type of problem."},
}

#: What a header is good for.
_HEADERS: Mapping[str, str] = {
    "Location": "Where to go on, absolute.",
    "Operation-Location": "The job's document, absolute.",
    "Retry-After": "Seconds after which to ask again.",
    "ETag": "Strong validator of the result.",
    "Vary": "The answer depends on Accept.",
}


def parameters(names: Iterable[str], operation: Operation) -> list[JsonSchema]:
    """The parameters in the path, and the headers that the operation heeds."""
    in_path = [{"name": name, "in": "path", "required": True, "schema": _PATH_PARAMETERS[name]} for name in names]
    in_headers = [{"name": name, "in": "header", "schema": {"type": "string"}} for name in operation.heeds]
    return cast("list[JsonSchema]", in_path + in_headers)


def responses(operation: Operation) -> dict[str, object]:
    """Every answer of the operation by its status."""
    found: dict[str, object] = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    slugs = sorted({*operation.problems, "internal-error"}, key=lambda slug: PROBLEM_TYPES[slug].status)
    for status in dict.fromkeys(PROBLEM_TYPES[slug].status for slug in slugs):
        found[str(status)] = _problem([slug for slug in slugs if PROBLEM_TYPES[slug].status == status])
    return found


def _answer(answer: Answer) -> dict[str, object]:
    said: dict[str, object] = {"description": answer.description}
    if answer.headers:
        said["headers"] = {
            name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in answer.headers
        }
    if answer.mimetype:
        said["content"] = {answer.mimetype: {"schema": _ref(answer.schema) if answer.schema else {}}}
    return said


def _problem(slugs: list[str]) -> dict[str, object]:
    described = "; ".join(f"`{slug}`: {PROBLEM_TYPES[slug].title}" for slug in slugs)
    return {"description": described, "content": {MEDIA_TYPE: {"schema": _ref("Problem")}}}


def run_params(analysis: Analysis) -> JsonSchema:
    """The schema of an analysis' params."""
    return {key: value for key, value in analysis.json_schema().items() if key != "$schema"}


def run_operation(analysis: Analysis, operation: Operation, *, options: Schema) -> dict[str, object]:
    """Submitting a job of this analysis."""
    body = _body(analysis, options)
    content: dict[str, object] = {"application/json": {"schema": body, "example": example_body(analysis)}}
    if analysis.takes_data:
        content["multipart/form-data"] = _form(body)
    return {
        "operationId": f"run_{analysis.name}",
        "summary": analysis.summary,
        "description": analysis.description,
        "requestBody": {"required": True, "content": content},
        "responses": responses(operation),
    }


def _body(analysis: Analysis, options: Schema) -> JsonSchema:
    schema = object_schema(options)
    params = _ref(f"Params.{analysis.name}")
    given = {"data": _ref("Data"), "params": params} if analysis.takes_data else {"params": params}
    properties = {**given, **cast("dict[str, object]", schema["properties"])}
    required = [
        *(["data"] if analysis.takes_data else []),
        *(["params"] if run_params(analysis).get("required") else []),
    ]
    return {**schema, "properties": properties, "required": required}


def _form(body: JsonSchema) -> dict[str, object]:
    """The same as a form; the data is a file there, and what is not text is sent as JSON."""
    properties = cast("dict[str, object]", body["properties"])
    file = {"type": "string", "format": "binary", "description": "A CSV file in UTF-8."}
    return {
        "schema": {**body, "properties": {**properties, FILE_FIELD: file}},
        "encoding": {FILE_FIELD: {"contentType": "text/csv"}, "params": {"contentType": "application/json"}},
    }


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}
