"""From a marshmallow schema to JSON Schema 2020-12 that accepts the same values; written here so that a worker, which
has no apispec, can say it too, and because bounds, null and NUL are said more exactly than a generic converter can."""

from functools import singledispatch
from typing import Any

from marshmallow import Schema, ValidationError, fields

from tasks.framework import fields as strict
from tasks.framework.json_keywords import keywords_of, merge
from tasks.framework.json_value import JsonObject, as_json

#: The dialect, https://json-schema.org/draft/2020-12.
DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: The pattern of a string without NUL, in the regular expressions of ECMA-262.
_NO_NUL = r"^[^\u0000]*$"
#: Metadata of a field that are also keywords of JSON Schema.
_ANNOTATIONS = ("title", "description", "examples", "deprecated")
_TYPE_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def object_schema(schema: Schema) -> JsonObject:
    """The JSON Schema of what the schema loads, a new dict each time."""
    members = {field.data_key or name: field for name, field in schema.load_fields.items()}
    return {
        "type": "object",
        "properties": {name: {"title": _title(name), **field_schema(field)} for name, field in members.items()},
        "required": [name for name, field in members.items() if field.required],
        "additionalProperties": False,
    }


def field_schema(field: fields.Field[Any]) -> JsonObject:
    """The JSON Schema of one field: its type, what its validators say, its description and default, and null."""
    schema = _shape(field)
    for validator in field.validators:
        # A choice has already left out the values that its validators refuse.
        if not isinstance(field, strict.Choice):
            merge(schema, keywords_of(validator, field))
    return {**(_with_null(schema) if field.allow_none else schema), **_annotations(field)}


def _annotations(field: fields.Field[Any]) -> JsonObject:
    said: JsonObject = {key: field.metadata[key] for key in _ANNOTATIONS if key in field.metadata}
    if "example" in field.metadata:
        said["examples"] = [field.metadata["example"]]
    if "default" in field.metadata:
        try:
            said["default"] = as_json(field.metadata["default"])
        except TypeError:
            # A hand-written schema may load a default that no client could send.
            return said
    return said


def _with_null(schema: JsonObject) -> JsonObject:
    if "allOf" in schema or "const" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kind = schema.get("type")
    if isinstance(kind, str):
        schema["type"] = [kind, "null"]
    elif isinstance(kind, list):
        schema["type"] = [*kind, "null"]
    if isinstance(values := schema.get("enum"), list):
        schema["enum"] = [*values, None]
    return schema


def _title(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


@singledispatch
def _shape(field: fields.Field[Any]) -> JsonObject:
    """The keywords that follow from the field's class; a class that is not known may take anything."""
    return {}


@_shape.register
def _(field: strict.Choice) -> JsonObject:
    allowed = [spelled for spelled, meant in field.choices if _passes(field, meant)]
    kinds = sorted({_TYPE_NAMES[type(spelled)] for spelled, _ in field.choices})
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": allowed}


def _passes(field: fields.Field[Any], value: object) -> bool:
    try:
        field._validate_all(value)
    except ValidationError:
        return False
    return True


@_shape.register
def _(field: fields.Integer) -> JsonObject:
    return {"type": "integer", "format": "int64"} if isinstance(field, strict.Integer) else {"type": "integer"}


@_shape.register(fields.Number)
def _(field: fields.Number[Any]) -> JsonObject:
    return {"type": "number", "format": "double"} if isinstance(field, strict.Float) else {"type": "number"}


@_shape.register
def _(field: fields.Boolean) -> JsonObject:
    return {"type": "boolean"}


@_shape.register
def _(field: fields.String) -> JsonObject:
    return {"type": "string", "pattern": _NO_NUL} if isinstance(field, strict.String) else {"type": "string"}


@_shape.register
def _(field: fields.UUID) -> JsonObject:
    return {"type": "string", "format": "uuid"}


@_shape.register
def _(field: fields.DateTime) -> JsonObject:
    return {"type": "string", "format": "date-time"}


@_shape.register
def _(field: fields.Date) -> JsonObject:
    return {"type": "string", "format": "date"}


@_shape.register
def _(field: fields.Time) -> JsonObject:
    return {"type": "string"}


@_shape.register(fields.Enum)
def _(field: fields.Enum[Any]) -> JsonObject:
    members = [as_json(member.value) if field.by_value else member.name for member in field.enum]
    return {"enum": members}


@_shape.register(fields.Constant)
def _(field: fields.Constant[Any]) -> JsonObject:
    return {"const": as_json(field.constant)}


@_shape.register(fields.List)
def _(field: fields.List[Any]) -> JsonObject:
    return {"type": "array", "items": field_schema(field.inner)}


@_shape.register
def _(field: fields.Tuple) -> JsonObject:
    items = [field_schema(inner) for inner in field.tuple_fields]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


@_shape.register
def _(field: fields.Dict) -> JsonObject:
    schema: JsonObject = {"type": "object"}
    if field.value_field is not None:
        schema["additionalProperties"] = field_schema(field.value_field)
    if field.key_field is not None:
        schema["propertyNames"] = field_schema(field.key_field)
    return schema


@_shape.register
def _(field: fields.Nested) -> JsonObject:
    inside = object_schema(field.schema)
    return {"type": "array", "items": inside} if field.many or field.schema.many else inside
