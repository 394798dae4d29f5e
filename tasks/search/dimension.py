"""What a client may say of one searched parameter: a list of values, or a range; light, as the API reads it too."""

import math
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError
from marshmallow.fields import Field
from marshmallow.validate import Validator

from tasks.framework.json_keywords import keywords_of
from tasks.framework.json_value import JsonObject

#: Most values of a list, and most steps of a range in a grid.
MOST_VALUES = 100
#: Steps of a range in a grid, unless it says otherwise.
STEPS = 5
#: Most numbers of a value that is a list itself, such as the sizes of a network's layers.
MOST_NUMBERS = 10
#: Longest text of a value, in characters.
LONGEST_TEXT = 100
#: Largest size of an integer.
MOST = 2**53

_SCALAR = {"type": ["null", "boolean", "number", "string"], "maxLength": LONGEST_TEXT}
_NUMBERS = {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": MOST_NUMBERS}
_LIST: JsonObject = {
    "type": "array",
    "items": {"anyOf": [_SCALAR, _NUMBERS]},
    "minItems": 1,
    "maxItems": MOST_VALUES,
    "description": "The values to try; null is Python's None, a list of integers is a tuple.",
}
_RANGE: JsonObject = {
    "type": "object",
    "properties": {
        "low": {"type": "number"},
        "high": {"type": "number"},
        "log": {"type": "boolean", "default": False},
        "int": {"type": "boolean", "default": False},
        "steps": {"type": "integer", "minimum": 2, "maximum": MOST_VALUES, "default": STEPS},
    },
    "required": ["low", "high"],
    "additionalProperties": False,
    "description": "From low to high, both included; even on a logarithmic scale for log; steps are those of a grid.",
}


class Dimension(Validator):
    """Accepts a list of values or a range; raises marshmallow.ValidationError for anything else."""

    def __call__(self, value: object) -> object:
        if isinstance(value, list):
            _check_list(value)
        elif isinstance(value, Mapping):
            _check_range(value)
        else:
            raise ValidationError('Must be a list of values, or a range such as {"low": 0.1, "high": 10, "log": true}.')
        return value


@keywords_of.register
def _(validator: Dimension, field: Field[Any]) -> JsonObject:
    return {"anyOf": [_RANGE, _LIST]}


def _check_list(values: list[object]) -> None:
    if not 1 <= len(values) <= MOST_VALUES:
        raise ValidationError(f"Must have between 1 and {MOST_VALUES} values.")
    for position, value in enumerate(values, start=1):
        if not (_is_scalar(value) or _is_integers(value)):
            raise ValidationError(
                f"Value {position} must be null, a boolean, a finite number, a short text, or a list of integers."
            )


def _check_range(given: Mapping[str, object]) -> None:
    for name in given:
        if name not in ("low", "high", "log", "int", "steps"):
            raise ValidationError(f"A range has no {name!r}; it has low, high, log, int and steps.")
    for flag in ("log", "int"):
        if not isinstance(given.get(flag, False), bool):
            raise ValidationError(f"{flag} must be true or false.")
    steps = given.get("steps", STEPS)
    if not _is_integer(steps) or not 2 <= steps <= MOST_VALUES:  # type: ignore[operator]
        raise ValidationError(f"steps must be an integer from 2 to {MOST_VALUES}.")
    _check_bounds(given.get("low"), given.get("high"), log=bool(given.get("log")), whole=bool(given.get("int")))


def _check_bounds(low: Any, high: Any, *, log: bool, whole: bool) -> None:
    if not (_is_number(low) and _is_number(high) and low < high):
        raise ValidationError("A range needs two finite numbers, low below high.")
    if log and low <= 0:
        raise ValidationError("A range on a logarithmic scale begins above 0.")
    if whole and not (_is_integer(low) and _is_integer(high)):
        raise ValidationError("A range of integers needs integers as low and high.")


def _is_scalar(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return True
    return len(value) <= LONGEST_TEXT if isinstance(value, str) else _is_number(value)


def _is_integers(value: object) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= MOST_NUMBERS and all(map(_is_integer, value))


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= MOST if isinstance(value, int) else math.isfinite(value)


def _is_integer(value: object) -> bool:
    return _is_number(value) and float(value).is_integer() and abs(value) <= MOST  # type: ignore[arg-type]
