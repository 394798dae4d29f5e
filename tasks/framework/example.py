"""An example of params that a JSON Schema accepts, for the catalog's example request."""

import math
from collections.abc import Mapping

#: A value for each format that the catalog writes.
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "uuid": "01890a5d-ac96-774b-bcce-b302099a8057",
    "email": "ada@example.org",
    "uri": "https://example.org/",
    "uri-reference": "https://example.org/",
}
#: What strings and keys of examples are made of.
_TEXT = "text"


def example_of(schema: Mapping[str, object]) -> object:
    """A value that the schema very likely accepts: its example, its default, or one made from its bounds."""
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        return examples[0]
    if schema.get("default") is not None:
        return schema["default"]
    if isinstance(choices := schema.get("enum"), list) and choices:
        return choices[0]
    if isinstance(either := schema.get("anyOf"), list):
        return example_of(either[0])
    return schema["const"] if "const" in schema else _made(schema)


def _made(schema: Mapping[str, object]) -> object:
    kinds = schema.get("type", "string")
    makers = {"integer": _integer, "number": _number, "boolean": _boolean, "array": _array, "object": _object}
    return makers.get(kinds[0] if isinstance(kinds, list) else str(kinds), _string)(schema)


def _boolean(schema: Mapping[str, object]) -> bool:
    return True


def _integer(schema: Mapping[str, object]) -> int:
    low, high = _bounds(schema, step=1)
    return min(max(1, math.ceil(low)), math.floor(high))


def _number(schema: Mapping[str, object]) -> float:
    low, high = _bounds(schema, step=0)
    if low < 1 < high or (low == high == 1):
        return 1.0
    if math.isinf(low):
        return high - 1
    # The middle lies inside, whether the bounds themselves do or not.
    return low + 1 if math.isinf(high) else (low + high) / 2


def _bounds(schema: Mapping[str, object], *, step: int) -> tuple[float, float]:
    """The closed interval of a number, where an exclusive bound moves inside by `step`."""
    low = max(_number_at(schema, "minimum", -math.inf), _number_at(schema, "exclusiveMinimum", -math.inf) + step)
    high = min(_number_at(schema, "maximum", math.inf), _number_at(schema, "exclusiveMaximum", math.inf) - step)
    return low, high


def _number_at(schema: Mapping[str, object], key: str, default: float) -> float:
    value = schema.get(key, default)
    return value if isinstance(value, int | float) else default


def _string(schema: Mapping[str, object]) -> str:
    bound = schema.get("formatMinimum", schema.get("formatMaximum"))
    if isinstance(bound, str):
        return bound
    known = _FORMATS.get(str(schema.get("format")))
    return known or _sized(_TEXT, schema)


def _sized(text: str, schema: Mapping[str, object]) -> str:
    least, most = _number_at(schema, "minLength", 0), _number_at(schema, "maxLength", math.inf)
    return text.ljust(int(least), "x")[: None if math.isinf(most) else int(most)]


def _array(schema: Mapping[str, object]) -> list[object]:
    if isinstance(items := schema.get("prefixItems"), list):
        return [example_of(item) for item in items]
    count = min(max(1, _number_at(schema, "minItems", 0)), _number_at(schema, "maxItems", 1))
    item = schema.get("items")
    return [example_of(item if isinstance(item, Mapping) else {}) for _ in range(int(count))]


def _object(schema: Mapping[str, object]) -> dict[str, object]:
    if isinstance(members := schema.get("properties"), Mapping):
        required = schema.get("required")
        names = required if isinstance(required, list) else []
        return {name: example_of(each) for name, each in members.items() if name in names or _has_default(each)}
    count = min(max(1, _number_at(schema, "minProperties", 0)), _number_at(schema, "maxProperties", 1))
    key_schema, value_schema = _mapping(schema.get("propertyNames")), _mapping(schema.get("additionalProperties"))
    keys = (_sized(_TEXT if index == 0 else f"{_TEXT}{index}", key_schema) for index in range(int(count)))
    return {key: example_of(value_schema) for key in keys}


def _has_default(schema: Mapping[str, object]) -> bool:
    return schema.get("default") is not None or "examples" in schema


def _mapping(schema: object) -> Mapping[str, object]:
    return schema if isinstance(schema, Mapping) else {}
