"""From the annotation of one parameter to its marshmallow field."""

import inspect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from marshmallow import ValidationError
from marshmallow.fields import Field
from marshmallow.types import Validator
from marshmallow.validate import URL, And, Email, Length, Range, Regexp
from marshmallow.validate import Validator as NamedValidator

from tasks.errors import CatalogError
from tasks.framework.fields import Boolean, Choice, Date, DateTime, Dict, Float, Integer, List, String
from tasks.framework.json_value import as_json

#: What the annotation of a parameter may be, in the words of the error message.
ALLOWED = (
    "allowed are int, float, bool, str, date, datetime, list[…], dict[str, …], Literal[…], an Enum, any of these "
    "| None, and Annotated[…, marshmallow validators]; for anything else give @analysis(params=Schema)"
)
_SCALARS: dict[object, type[Field[Any]]] = {
    int: Integer,
    float: Float,
    bool: Boolean,
    str: String,
    date: Date,
    datetime: DateTime,
}
#: Fields whose values have an order, and a value of each to try a validator on.
_ORDERED: dict[type[Field[Any]], object] = {
    Integer: 1,
    Float: 1.0,
    Date: date(2000, 1, 1),
    DateTime: datetime(2000, 1, 1, tzinfo=UTC),
}
#: Fields whose values have a length, likewise.
_SIZED: dict[type[Field[Any]], object] = {String: "text", List: [], Dict: {}}
#: Which fields marshmallow's validators are for; the others are for all.
_SUITING: dict[type, dict[type[Field[Any]], object]] = {
    Range: _ORDERED,
    Length: _SIZED,
    **{key: {String: "text"} for key in (Regexp, URL, Email)},
}


@dataclass(frozen=True)
class _Spelled:
    """An annotation taken apart."""

    #: What is left without `Annotated` and `None`.
    core: object
    #: From every layer of `Annotated`, the innermost first.
    validators: tuple[Validator, ...] = ()
    #: Whether null is a value.
    nullable: bool = False


def field_of(annotation: object) -> Field[Any]:
    """The strict field for an annotation; raises CatalogError, without a place, for one that is not allowed."""
    spelled = _take_apart(annotation)
    build = _builder(spelled.core)
    try:
        field = build(spelled.core, spelled.validators)
        for validator in spelled.validators:
            _try_validator(validator, field)
    except (TypeError, AttributeError) as error:
        raise CatalogError(f"{_shown(annotation)} has a validator that does not suit its type ({error})") from None
    field.allow_none = field.allow_none or spelled.nullable
    return field


def _take_apart(annotation: object) -> _Spelled:
    origin = get_origin(annotation)
    if origin is Annotated:
        inside, *metadata = get_args(annotation)
        spelled = _take_apart(inside)
        return replace(spelled, validators=(*spelled.validators, *_validators(metadata)))
    if origin in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        if len(kinds) != 1:
            raise CatalogError(f"{_shown(annotation)} mixes types; {ALLOWED}")
        return replace(_take_apart(kinds[0]), nullable=True)
    return _Spelled(annotation)


def _validators(metadata: list[object]) -> tuple[Validator, ...]:
    """The validators among the metadata of `Annotated`; anything else would be a rule that nobody keeps."""
    found: list[Validator] = []
    for item in metadata:
        if isinstance(item, type) or not callable(item):
            raise CatalogError(f"{item!r} in Annotated is no marshmallow validator; write for example Range(2, 50)")
        found.extend(item.validators if isinstance(item, And) else [item])
    return tuple(found)


_Build = Callable[[object, tuple[Validator, ...]], Field[Any]]


def _builder(core: object) -> _Build:
    builders: dict[object, _Build] = {list: _list_field, dict: _dict_field, Literal: _literal_field}
    builder = builders.get(get_origin(core))
    if builder is not None:
        return builder
    if isinstance(core, type) and issubclass(core, Enum):
        return _enum_field
    if isinstance(core, type) and core in _SCALARS:
        return _scalar_field
    raise CatalogError(f"{_shown(core)} can't become a field; {ALLOWED}")


def _scalar_field(core: object, validators: tuple[Validator, ...]) -> Field[Any]:
    return _SCALARS[core](validate=validators)


def _list_field(core: object, validators: tuple[Validator, ...]) -> Field[Any]:
    (item,) = _arguments(core, 1)
    return List(field_of(item), validate=validators)


def _dict_field(core: object, validators: tuple[Validator, ...]) -> Field[Any]:
    key, value = _arguments(core, 2)
    keys = field_of(key)
    if not isinstance(keys, String) or keys.allow_none:
        raise CatalogError(f"{_shown(core)} can't become a field: the keys of a JSON object are str; {ALLOWED}")
    return Dict(keys, field_of(value), validate=validators)


def _arguments(core: object, count: int) -> tuple[object, ...]:
    arguments = get_args(core)
    if len(arguments) != count:
        raise CatalogError(f"{_shown(core)} can't become a field: it does not say what it holds; {ALLOWED}")
    return arguments


def _literal_field(core: object, validators: tuple[Validator, ...]) -> Field[Any]:
    values = get_args(core)
    for value in values:
        if isinstance(value, Enum) or not isinstance(value, str | int | NoneType):
            raise CatalogError(f"{_shown(core)} can't become a field: its values must be str, int, bool or None")
    choices = [(value, value) for value in values if value is not None]
    if not choices:
        raise CatalogError(f"{_shown(core)} can't become a field: null is its only value")
    return Choice(choices, validate=validators, allow_none=None in values)


def _enum_field(core: object, validators: tuple[Validator, ...]) -> Field[Any]:
    members = list(core)  # type: ignore[call-overload]
    if not members or not all(isinstance(member.value, str | int | float) for member in members):
        raise CatalogError(
            f"{_shown(core)} can't become a field: the values of an Enum must be str, int, float or bool"
        )
    return Choice([(as_json(member), member) for member in members], validate=validators)


def _try_validator(validator: Validator, field: Field[Any]) -> None:
    """Raise TypeError if a validator of marshmallow can't judge the field's values, before a client finds out."""
    suiting = _SUITING.get(type(validator), {**_ORDERED, **_SIZED, Boolean: True})
    if not isinstance(field, Choice) and type(field) not in suiting:
        raise TypeError(f"{validator!r} is for {', '.join(kind.__name__ for kind in suiting)}")
    if not isinstance(validator, NamedValidator):
        return
    samples = [meant for _, meant in field.choices] if isinstance(field, Choice) else [suiting[type(field)]]
    for sample in samples:
        with suppress(ValidationError):
            validator(sample)


def _shown(annotation: object) -> str:
    return inspect.formatannotation(annotation)
