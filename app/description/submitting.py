"""Handing in jobs, as OpenAPI describes it: for each analysis with its own params."""

from typing import cast

from marshmallow import Schema

from app.catalog import Analysis, object_schema
from app.description.json_schema import JsonSchema
from app.description.operations import Operation
from app.documents import example_body
from app.submitting.batch import MOST_ITEMS
from app.submitting.bodies import FILE_FIELD

#: What every webhook's URL that is taken looks like; whether its host is public is looked up, not described.
PUBLIC_URL = r'^[Hh][Tt][Tt][Pp][Ss]?://[!-"$-\[\]-~]+$'


def params_schema(analysis: Analysis) -> JsonSchema:
    """The schema of an analysis' params."""
    return {key: value for key, value in analysis.json_schema().items() if key != "$schema"}


def job_schema(analysis: Analysis, options: Schema) -> JsonSchema:
    """The schema of a body that asks for one job of this analysis."""
    schema = object_schema(options)
    params = _ref(f"Params.{analysis.name}")
    given = {"data": _ref("Data"), "params": params} if analysis.takes_data else {"params": params}
    properties = {**given, **cast("dict[str, JsonSchema]", schema["properties"])}
    properties["webhook"] = {**properties["webhook"], "format": "uri", "pattern": PUBLIC_URL}
    required = [
        *(["data"] if analysis.takes_data else []),
        *(["params"] if params_schema(analysis).get("required") else []),
    ]
    return {**schema, "properties": properties, "required": required}


def run_body(analysis: Analysis, _: Operation) -> dict[str, object]:
    """The body that asks for one job."""
    body = _ref(f"Submission.{analysis.name}")
    content: dict[str, object] = {"application/json": {"schema": body, "example": example_body(analysis)}}
    if analysis.takes_data:
        content["multipart/form-data"] = _form(analysis)
    return {"required": True, "content": content}


def batch_body(analysis: Analysis, _: Operation) -> dict[str, object]:
    """The body that asks for many jobs."""
    items = {"type": "array", "items": _ref(f"Submission.{analysis.name}"), "minItems": 1, "maxItems": MOST_ITEMS}
    schema = {"type": "object", "properties": {"items": items}, "required": ["items"], "additionalProperties": False}
    example = {"items": [example_body(analysis)]}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def _form(analysis: Analysis) -> dict[str, object]:
    """The data as a file, and params and options as fields."""
    file = {"type": "string", "format": "binary", "description": "The table as a file."}
    properties = {
        FILE_FIELD: file,
        "params": _ref(f"Params.{analysis.name}"),
        "label": {"type": "string", "maxLength": 200},
    }
    required = [FILE_FIELD, *(["params"] if params_schema(analysis).get("required") else [])]
    return {
        "schema": {"type": "object", "properties": properties, "required": required, "additionalProperties": False},
        "encoding": {FILE_FIELD: {"contentType": "text/csv"}, "params": {"contentType": "application/json"}},
    }


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}
