"""Marshmallow fields that take JSON values strictly and bound every size; also for schemas written by hand."""

# ruff: noqa: RUF012 - the messages of a field are a plain dict in marshmallow, and are not written to

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from marshmallow import ValidationError, fields
from marshmallow.types import Validator
from marshmallow.validate import Length, Range

from tasks.framework.json_value import same_json

#: The least and the greatest integer that is taken: signed 64 bit, what numpy and Arrow can hold.
INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
#: The most characters of a string, items of a list and members of an object, unless a `Length` says otherwise.
LENGTH_MAX = 10_000
#: RFC 3339, section 5.6: full-date and date-time, and nothing else of ISO 8601.
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Integer(fields.Integer):
    """A JSON integer of at most 64 bits; 3.0 is one and arrives as 3, true and "3" are none."""

    default_error_messages = {"invalid": "Not an integer."}

    def __init__(self, **options: Any) -> None:
        super().__init__(strict=True, **options)
        self.validators = [*_missing_range(self.validators), *self.validators]

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            raise self.make_error("invalid")
        return int(value)  # type: ignore[call-overload, no-any-return]


class Float(fields.Float):
    """A finite JSON number; an integer arrives as a float, true and "3" are refused."""

    default_error_messages = {
        "invalid": "Not a number.",
        "special": "Not a finite number.",
    }

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        try:
            number = float(value)
        except OverflowError:
            raise self.make_error("special") from None
        if not math.isfinite(number):
            raise self.make_error("special")
        return number


class Boolean(fields.Boolean):
    """true or false, not 1 and not "yes"."""

    default_error_messages = {"invalid": "Not a boolean, true or false."}

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class String(fields.String):
    """A JSON string of bounded length without NUL (databases and C libraries cut there) and lone surrogates."""

    default_error_messages = {
        "invalid": "Not a string.",
        "nul": "Must not contain the NUL character.",
        "surrogate": "Must not contain half of a surrogate pair.",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators = [*_missing_length(self.validators), *self.validators]

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if "\0" in value:
            raise self.make_error("nul")
        if _SURROGATE.search(value):
            raise self.make_error("surrogate")
        return value


class Date(fields.Date):
    """A day as RFC 3339's full-date, YYYY-MM-DD."""

    default_error_messages = {"invalid": "Not a date in ISO 8601, such as 2026-01-31."}

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise self.make_error("invalid")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise self.make_error("invalid") from None


class DateTime(fields.DateTime):
    """A moment as RFC 3339's date-time, always with its offset; arrives as an aware datetime."""

    default_error_messages = {"invalid": "Not a date and time with offset in RFC 3339, such as 2026-01-31T12:00:00Z."}

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> datetime:
        # RFC 3339 lets T and Z be written small, fromisoformat doesn't.
        text = value.upper() if isinstance(value, str) else ""
        if not _DATE_TIME.fullmatch(text):
            raise self.make_error("invalid")
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise self.make_error("invalid") from None


class List(fields.List[Any]):
    """A JSON array of bounded length; its length is checked before its items are."""

    default_error_messages = {"invalid": "Not a list."}

    def __init__(self, inner: fields.Field[Any], **options: Any) -> None:
        super().__init__(inner, **options)
        self.validators = [*_missing_length(self.validators), *self.validators]

    def _deserialize(self, value: object, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        _check_length(value, self.validators)
        return super()._deserialize(value, attr, data, **kwargs)


class Dict(fields.Dict):
    """A JSON object of bounded size whose values are of one kind; errors are keyed by member."""

    default_error_messages = {"invalid": "Not an object."}
    key_field: fields.Field[Any]
    value_field: fields.Field[Any]

    def __init__(self, keys: fields.Field[Any], values: fields.Field[Any], **options: Any) -> None:
        super().__init__(keys, values, **options)
        self.validators = [*_missing_length(self.validators), *self.validators]

    def _deserialize(self, value: object, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise self.make_error("invalid")
        _check_length(value, self.validators)
        loaded: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for key, item in value.items():
            try:
                self.key_field.deserialize(key)
                loaded[key] = self.value_field.deserialize(item)
            except ValidationError as error:
                errors[key] = error.messages
        if errors:
            raise ValidationError(errors)
        return loaded


class Choice(fields.Field[object]):
    """One of some JSON scalars, compared as JSON (1.0 is 1, true is not); each stands for a Python value."""

    default_error_messages = {"invalid": "Must be one of: {choices}."}

    def __init__(self, choices: Sequence[tuple[object, object]], **options: Any) -> None:
        super().__init__(**options)
        #: Pairs of the JSON value that a client sends and the value that the function receives.
        self.choices = tuple(choices)

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: Any) -> object:
        for spelled, meant in self.choices:
            if same_json(value, spelled):
                return meant
        raise self.make_error("invalid", choices=", ".join(_shown(spelled) for spelled, _ in self.choices))


def _missing_range(validators: Iterable[Validator]) -> list[Validator]:
    """A `Range` for each bound that the stated ones leave open, so that no value is told the same thing twice."""
    stated = [each for each in validators if isinstance(each, Range)]
    low = any(each.min is not None and each.min >= INTEGER_MIN for each in stated)
    high = any(each.max is not None and each.max <= INTEGER_MAX for each in stated)
    if low and high:
        return []
    return [Range(None if low else INTEGER_MIN, None if high else INTEGER_MAX)]


def _missing_length(validators: Iterable[Validator]) -> list[Validator]:
    stated = [each for each in validators if isinstance(each, Length)]
    bounded = any(each.max is not None or each.equal is not None for each in stated)
    return [] if bounded else [Length(max=LENGTH_MAX)]


def _check_length(value: Sequence[object] | Mapping[str, object], validators: Iterable[Validator]) -> None:
    for validator in validators:
        if isinstance(validator, Length):
            validator(value)


def _shown(spelled: object) -> str:
    return spelled if isinstance(spelled, str) else json.dumps(spelled)
