"""Python values of parameters as JSON values, and when two JSON values are the same."""

import math
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import TypeAlias

#: A JSON object; its members are JSON values.
JsonObject: TypeAlias = dict[str, object]


def as_json(value: object) -> object:
    """The JSON form of a parameter's value: an enum by its value, a date in ISO 8601, a tuple as a list.

    Raises TypeError for what JSON can't say.
    """
    if isinstance(value, Enum):
        return as_json(value.value)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, Mapping):
        return {_text(key): as_json(item) for key, item in value.items()}
    raise TypeError(f"{value!r} has no JSON form")


def same_json(left: object, right: object) -> bool:
    """Whether two JSON scalars are equal as JSON Schema sees it: 1 equals 1.0, true equals neither."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise TypeError(f"{number!r} has no JSON form")
    return number


def _text(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{key!r} can't be the key of a JSON object")
    return key
