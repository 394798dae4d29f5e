"""The parameters of the API's paths and queries, as OpenAPI describes them."""

from collections.abc import Iterable, Mapping

from marshmallow import Schema

from app.description.json_schema import JsonSchema
from app.docs import ASSETS
from app.problems import PROBLEM_TYPES

_ID: JsonSchema = {"type": "string", "format": "uuid"}

#: The parameters of paths by name.
IN_PATHS: Mapping[str, JsonSchema] = {
    "name": {"description": "Name of an analysis.", "schema": {"type": "string"}},
    "job_id": {"description": "Id of a job.", "schema": _ID},
    "batch_id": {"description": "Id of a batch.", "schema": _ID},
    "dataset_id": {"description": "Id of a data set.", "schema": _ID},
    "figure": {
        "description": "Name of a figure; with `.svg` or `.png` behind it as a picture.",
        "schema": {"type": "string"},
    },
    "file": {"description": "Name of a file.", "schema": {"type": "string"}},
    "slug": {
        "description": "End of the URL of a type of problem.",
        "schema": {"type": "string", "enum": [*PROBLEM_TYPES]},
    },
    "asset": {"description": "A part of the page.", "schema": {"type": "string", "enum": [*ASSETS]}},
}


def in_path(names: Iterable[str]) -> list[JsonSchema]:
    """The parameters of a path."""
    return [{"name": name, "in": "path", "required": True, **IN_PATHS[name]} for name in names]


def in_query(schema: Schema | None) -> list[JsonSchema]:
    """The parameters of a query, from its schema: each field's metadata has its ``description`` and JSON ``schema``."""
    if schema is None:
        return []
    return [{"name": name, "in": "query", **field.metadata} for name, field in schema.fields.items()]
