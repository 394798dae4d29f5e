"""An analysis' explicit marshmallow schema: made to refuse unknown fields and checked against the function."""

import copy
from collections.abc import Callable, Mapping
from functools import partial
from inspect import Parameter
from typing import Any

from marshmallow import RAISE, Schema, missing
from marshmallow.fields import Dict, Field, List, Nested, Tuple

from tasks.errors import CatalogError
from tasks.framework.signature import GIVEN, parameters_of


def adopt(params: type[Schema] | Schema, function: Callable[..., object], *, described: Mapping[str, str]) -> Schema:
    """The schema, as an instance that refuses unknown fields on every level; its fields keep their own strictness.

    `described` gives descriptions to fields without one. Raises CatalogError, without a place, if the function can't
    be called with what the schema loads.
    """
    schema = params() if isinstance(params, type) else params
    if schema.many:
        raise CatalogError("its schema must load one object, without many=True")
    _seal(schema, ancestors=())
    for name, field in schema.load_fields.items():
        if name in described:
            field.metadata = {"description": described[name], **field.metadata}
    _check_call(schema, parameters_of(function))
    return schema


def _seal(schema: Schema, *, ancestors: tuple[type[Schema], ...]) -> None:
    """Refuse unknown fields here and below, and give each load its own copy of a default."""
    kind = type(schema)
    if kind in ancestors:
        raise CatalogError(f"its schema {kind.__name__} contains itself; only schemas of bounded depth are allowed")
    schema.unknown = RAISE
    for field in schema.load_fields.values():
        _seal_field(field, ancestors=(*ancestors, kind))


def _seal_field(field: Field[Any], *, ancestors: tuple[type[Schema], ...]) -> None:
    if field.load_default is not missing and not callable(field.load_default):
        field.load_default = partial(copy.deepcopy, default := field.load_default)
        field.metadata = {"default": default, **field.metadata}
    if isinstance(field, Nested):
        field.unknown = RAISE
        _seal(field.schema, ancestors=ancestors)
    for inner in _inner_fields(field):
        _seal_field(inner, ancestors=ancestors)


def _inner_fields(field: Field[Any]) -> list[Field[Any]]:
    if isinstance(field, List):
        return [field.inner]
    if isinstance(field, Tuple):
        return list(field.tuple_fields)
    if isinstance(field, Dict):
        return [inner for inner in (field.key_field, field.value_field) if inner is not None]
    return []


def _check_call(schema: Schema, parameters: Mapping[str, Parameter]) -> None:
    """Raise CatalogError unless every loaded member has a parameter, and every parameter a value."""
    loaded = {field.attribute or name: field for name, field in schema.load_fields.items()}
    open_ended = any(each.kind is Parameter.VAR_KEYWORD for each in parameters.values())
    for name in loaded:
        if name in GIVEN:
            raise CatalogError("its schema has a field of this name, which the worker gives", parameter=name)
        if name not in parameters and not open_ended:
            raise CatalogError(
                "its schema has a field of this name, the function has no such parameter", parameter=name
            )
    for name, parameter in parameters.items():
        if name in GIVEN or parameter.kind is Parameter.VAR_KEYWORD or parameter.default is not Parameter.empty:
            continue
        field = loaded.get(name)
        if field is None or not (field.required or field.load_default is not missing):
            raise CatalogError(
                "it has no default, so its schema needs a field of this name, required or with load_default",
                parameter=name,
            )
