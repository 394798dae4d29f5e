"""What marshmallow's validators say in the keywords of JSON Schema."""

import math
import re
from functools import singledispatch
from typing import Any

from marshmallow import fields
from marshmallow.types import Validator
from marshmallow.validate import URL, ContainsOnly, Email, Equal, Length, NoneOf, OneOf, Range, Regexp

from tasks.framework.json_value import JsonObject, as_json

#: Keywords of which the greater, or the lesser, binds when two validators say them.
_GREATER_BINDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_LESSER_BINDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
#: What Python's regular expressions have and those of ECMA-262, which JSON Schema uses, have not.
_PYTHON_ONLY = re.compile(r"\(\?[P#>(]|\\[AZ]|[*+?}]\+")


def merge(schema: JsonObject, more: JsonObject) -> None:
    """Add keywords to a schema so that it accepts what both accept."""
    for key, value in more.items():
        known = schema.get(key)
        if known is None or known == value:
            schema[key] = value
        elif key in _GREATER_BINDS:
            schema[key] = max(known, value)  # type: ignore[call-overload]
        elif key in _LESSER_BINDS:
            schema[key] = min(known, value)  # type: ignore[call-overload]
        else:
            also = schema.setdefault("allOf", [])
            assert isinstance(also, list)  # noqa: S101 - nothing else writes this key
            also.append({key: value})


@singledispatch
def keywords_of(validator: Validator, field: fields.Field[Any]) -> JsonObject:
    """The keywords for one validator of a field; {} for one that JSON Schema can't say, such as a function."""
    return {}


@keywords_of.register
def _(validator: Range, field: fields.Field[Any]) -> JsonObject:
    low = "minimum" if validator.min_inclusive else "exclusiveMinimum"
    high = "maximum" if validator.max_inclusive else "exclusiveMaximum"
    if isinstance(field, fields.Date | fields.DateTime):
        # JSON Schema has no bounds for dates; these are the words of ajv-formats.
        low, high = (f"format{word[0].upper()}{word[1:]}" for word in (low, high))
    bounds = {low: validator.min, high: validator.max}
    return {key: as_json(bound) for key, bound in bounds.items() if bound is not None and _is_finite(bound)}


def _is_finite(bound: object) -> bool:
    return not isinstance(bound, float) or math.isfinite(bound)


@keywords_of.register
def _(validator: Length, field: fields.Field[Any]) -> JsonObject:
    noun = "Items" if isinstance(field, fields.List) else "Properties" if isinstance(field, fields.Dict) else "Length"
    least = validator.min if validator.equal is None else validator.equal
    most = validator.max if validator.equal is None else validator.equal
    return {key: bound for key, bound in ((f"min{noun}", least), (f"max{noun}", most)) if bound is not None}


@keywords_of.register
def _(validator: OneOf, field: fields.Field[Any]) -> JsonObject:
    return {"enum": [as_json(choice) for choice in validator.choices]}


@keywords_of.register
def _(validator: ContainsOnly, field: fields.Field[Any]) -> JsonObject:
    return {"allOf": [{"items": {"enum": [as_json(choice) for choice in validator.choices]}}]}


@keywords_of.register
def _(validator: NoneOf, field: fields.Field[Any]) -> JsonObject:
    return {"not": {"enum": [as_json(choice) for choice in validator.iterable]}}


@keywords_of.register
def _(validator: Equal, field: fields.Field[Any]) -> JsonObject:
    return {"enum": [as_json(validator.comparable)]}


@keywords_of.register
def _(validator: Regexp, field: fields.Field[Any]) -> JsonObject:
    pattern, flags = validator.regex.pattern, validator.regex.flags
    if not isinstance(pattern, str) or flags != re.UNICODE or _PYTHON_ONLY.search(pattern):
        return {}
    # marshmallow matches at the start, JSON Schema anywhere.
    return {"pattern": f"^(?:{pattern})"}


@keywords_of.register
def _(validator: URL, field: fields.Field[Any]) -> JsonObject:
    return {"format": "uri" if not validator.relative else "uri-reference"}


@keywords_of.register
def _(validator: Email, field: fields.Field[Any]) -> JsonObject:
    return {"format": "email"}
