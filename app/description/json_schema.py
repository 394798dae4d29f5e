"""The words that JSON Schemas are written in here, and what holds of every text that clients send."""

#: A JSON Schema.
JsonSchema = dict[str, object]

#: The pattern of a text without NUL.
NO_NUL = "^[^\\u0000]*$"

TEXT: JsonSchema = {"type": "string"}
URL: JsonSchema = {"type": "string", "format": "uri"}
COUNT: JsonSchema = {"type": "integer", "minimum": 0}
MAYBE_COUNT: JsonSchema = {"type": ["integer", "null"], "minimum": 0}
MOMENT: JsonSchema = {"type": "string", "format": "date-time"}
MAYBE_MOMENT: JsonSchema = {"type": ["string", "null"], "format": "date-time"}
ANY_OBJECT: JsonSchema = {"type": "object"}


def object_of(**properties: JsonSchema) -> JsonSchema:
    """An object that has all of these members, and may have more."""
    return {"type": "object", "properties": properties, "required": [*properties]}


def properties_of(schema: JsonSchema) -> dict[str, object]:
    """The members of an object by name."""
    found = schema["properties"]
    assert isinstance(found, dict)  # noqa: S101 - made by object_of
    return found


def ref(name: str) -> JsonSchema:
    """The schema of that name among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": items}


def links(values: JsonSchema = URL) -> JsonSchema:
    return {"type": "object", "additionalProperties": values}


def or_null(schema: JsonSchema) -> JsonSchema:
    return {"anyOf": [schema, {"type": "null"}]}


def said(schema: JsonSchema, description: str) -> JsonSchema:
    """The schema with words for people."""
    return {**schema, "description": description}


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
