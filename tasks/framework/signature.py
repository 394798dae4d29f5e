"""From an analysis' signature to the marshmallow schema of its params."""

import copy
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from inspect import Parameter
from types import SimpleNamespace
from typing import Any, get_type_hints

from marshmallow import RAISE, Schema, ValidationError
from marshmallow.fields import Field

from tasks.errors import CatalogError
from tasks.framework.annotation import ALLOWED, field_of
from tasks.framework.json_value import as_json

#: Parameters that the worker gives; they are no part of the params.
GIVEN = ("data", "job")


class Params(Schema):
    """The params of an analysis: a JSON object without unknown members."""

    class Meta:
        """Marshmallow's options; the class is kept out of its registry of names."""

        register = False
        unknown = RAISE

    error_messages = {"type": "Not an object."}  # noqa: RUF012 - so is marshmallow's


def parameters_of(function: Callable[..., object]) -> dict[str, Parameter]:
    """Every parameter that can be given by name; raises CatalogError for one that can't."""
    parameters = dict(inspect.signature(function).parameters)
    for name, parameter in parameters.items():
        if parameter.kind is Parameter.POSITIONAL_ONLY:
            raise CatalogError("positional-only parameters can't be given by name; remove the /", parameter=name)
        if parameter.kind is Parameter.VAR_POSITIONAL:
            raise CatalogError(f"*{name} can't become a field; write list[…] instead", parameter=name)
    return parameters


def schema_of(function: Callable[..., object], *, described: Mapping[str, str]) -> Schema:
    """The strict schema of the function's parameters besides `data` and `job`.

    `described` gives their descriptions. Raises CatalogError, without a place, for a parameter that can't become a
    field or whose default its own field refuses.
    """
    fields: dict[str, Field[Any]] = {}
    for name, parameter in parameters_of(function).items():
        if name not in GIVEN:
            try:
                fields[name] = _field(function, parameter, description=described.get(name, ""))
            except CatalogError as error:
                raise CatalogError(error.reason, parameter=name) from None
    return Params.from_dict(fields, name=f"{function.__name__}_params")()


def _field(function: Callable[..., object], parameter: Parameter, *, description: str) -> Field[Any]:
    _check_name(parameter)
    field = field_of(_resolve(function, parameter))
    field.metadata = {"description": description} if description else {}
    if parameter.default is Parameter.empty:
        field.required = True
    else:
        _give_default(field, parameter.default)
    return field


def _check_name(parameter: Parameter) -> None:
    name = parameter.name
    if parameter.kind is Parameter.VAR_KEYWORD:
        raise CatalogError(f"**{name} can't become a field; name each parameter, or give @analysis(params=Schema)")
    if not name.isascii() or name.startswith("_") or name == "Meta":
        raise CatalogError("its name must be ASCII, begin with a letter and not be Meta")


def _resolve(function: Callable[..., object], parameter: Parameter) -> object:
    """The annotation as an object. Only this one is looked up, since those of `data` and `job` may be heavy types."""
    if parameter.annotation is Parameter.empty:
        raise CatalogError(f"it has no annotation; {ALLOWED}")
    holder = SimpleNamespace(__annotations__={"it": parameter.annotation})
    names = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        return get_type_hints(holder, globalns=names, include_extras=True)["it"]
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        raise CatalogError(
            f"its annotation {parameter.annotation!r} can't be resolved ({error}); "
            "names in it must exist at run time, at the top of the module"
        ) from None


def _give_default(field: Field[Any], default: object) -> None:
    """Make the default what a client would get by sending it; each load receives a copy of its own."""
    try:
        spelled = as_json(default)
        loaded = field.deserialize(spelled)
    except ValidationError as error:
        raise CatalogError(f"its default {default!r} is refused by its own annotation: {error}") from None
    except TypeError as error:
        raise CatalogError(f"its default {default!r} can't be a default: {error}") from None
    field.load_default = partial(copy.deepcopy, loaded)
    field.metadata = {**field.metadata, "default": spelled}
