"""The decorator that makes an analysis of a plain typed function."""

import inspect
import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, overload

from marshmallow import Schema, ValidationError

from tasks.errors import CatalogError
from tasks.framework.declaration import EXAMPLE_DATA, Analysis, Function, place_of
from tasks.framework.docstring import read_docstring
from tasks.framework.explicit import adopt
from tasks.framework.signature import parameters_of, schema_of

#: What a name may be; it stands in URLs, in Redis keys and in Celery's task names.
NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@overload
def analysis(function: Function, /) -> Analysis: ...


@overload
def analysis(
    *,
    name: str | None = ...,
    timeout: float | None = ...,
    deterministic: bool = ...,
    version: str = ...,
    params: type[Schema] | Schema | None = ...,
    max_attempts: int | None = ...,
    retry_on: tuple[type[Exception], ...] = ...,
    memory: int | None = ...,
    example: Mapping[str, object] | None = ...,
    example_data: Mapping[str, object] | None = ...,
) -> Callable[[Function], Analysis]: ...


def analysis(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    timeout: float | None = None,
    deterministic: bool = False,
    version: str = "1",
    params: type[Schema] | Schema | None = None,
    max_attempts: int | None = None,
    retry_on: tuple[type[Exception], ...] = (),
    memory: int | None = None,
    example: Mapping[str, object] | None = None,
    example_data: Mapping[str, object] | None = None,
) -> Analysis | Callable[[Function], Analysis]:
    """Make an analysis of a function, bare or with options.

    Every parameter besides `data` and `job` becomes a field of its params, from annotation, default and the
    `Parameters` section of a numpydoc docstring; or `params` is a marshmallow schema whose loaded members are passed by
    name. `name` is the function's unless given; `timeout` in seconds; `memory` in bytes; after one of the errors in
    `retry_on` a run is tried again, up to `max_attempts` starts; `example` shows params where none can be made, such as
    for a pattern, and `example_data` the data that they fit where the iris set does not. Raises CatalogError, one line,
    for what can't be declared.
    """
    declare = partial(
        _declare_at_place,
        name=name,
        timeout=timeout,
        deterministic=deterministic,
        version=version,
        params=params,
        max_attempts=max_attempts,
        retry_on=retry_on,
        memory=memory,
        example=example,
        example_data=example_data,
    )
    return declare if function is None else declare(function)


def _declare_at_place(function: Function, **options: Any) -> Analysis:
    try:
        return _declare(function, **options)
    except CatalogError as error:
        raise error.at(place_of(function)) from None


def _declare(
    function: Function,
    *,
    name: str | None,
    timeout: float | None,
    deterministic: bool,
    version: str,
    params: type[Schema] | Schema | None,
    max_attempts: int | None,
    retry_on: tuple[type[Exception], ...],
    memory: int | None,
    example: Mapping[str, object] | None,
    example_data: Mapping[str, object] | None,
) -> Analysis:
    _check_function(function)
    _check_options(timeout=timeout, version=version, max_attempts=max_attempts)
    _check_faults(retry_on=retry_on, memory=memory)
    told = read_docstring(function)
    schema = (
        schema_of(function, described=told.parameters)
        if params is None
        else adopt(params, function, described=told.parameters)
    )
    named = _checked_name(function.__name__ if name is None else name)
    declared = Analysis(
        name=named,
        function=function,
        schema=schema,
        summary=told.summary or named,
        description=told.description,
        timeout=timeout,
        deterministic=deterministic,
        version=version,
        max_attempts=max_attempts,
        retry_on=retry_on,
        memory=memory,
        takes_data="data" in parameters_of(function),
        takes_job="job" in parameters_of(function),
        given_example=example,
        example_data=example_data or EXAMPLE_DATA,
    )
    _check_documented(declared, told.parameters)
    _check_example(declared)
    return declared


def _check_function(function: Function) -> None:
    if not inspect.isfunction(function):
        raise CatalogError(f"@analysis is for functions, not for {type(function).__name__}")
    if (
        inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
    ):
        raise CatalogError("an analysis is a plain function that returns its result, without async and without yield")


def _check_options(*, timeout: float | None, version: str, max_attempts: int | None) -> None:
    if timeout is not None and not (type(timeout) in (int, float) and 0 < timeout < math.inf):
        raise CatalogError(f"timeout={timeout!r} is refused; it is a positive number of seconds, or None")
    if max_attempts is not None and not (type(max_attempts) is int and max_attempts >= 1):
        raise CatalogError(f"max_attempts={max_attempts!r} is refused; it is an int of at least 1, or None")
    if not isinstance(version, str) or not version.strip():
        raise CatalogError(f"version={version!r} is refused; it is a str that is not empty")


def _check_faults(*, retry_on: tuple[type[Exception], ...], memory: int | None) -> None:
    if not isinstance(retry_on, tuple) or not all(isinstance(e, type) and issubclass(e, Exception) for e in retry_on):
        raise CatalogError(f"retry_on={retry_on!r} is refused; it is a tuple of classes of errors")
    if memory is not None and not (type(memory) is int and memory >= 2**20):
        raise CatalogError(f"memory={memory!r} is refused; it is an int of bytes, at least {2**20}, or None")


def _checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise CatalogError(
            f"the name {name!r} is refused; it begins with a-z, goes on with a-z, 0-9, _ or -, "
            "and has at most 64 characters"
        )
    return name


def _check_documented(declared: Analysis, described: Mapping[str, str]) -> None:
    """Raise CatalogError for a description that belongs to nothing: most likely a parameter was renamed."""
    known = {*parameters_of(declared.function), *declared.schema.load_fields}
    for name in described:
        if name not in known:
            raise CatalogError(f"the docstring describes it, the function has only {', '.join(known)}", parameter=name)


def _check_example(declared: Analysis) -> None:
    """Raise CatalogError unless the catalog can show params that validate."""
    try:
        loaded = declared.load(declared.example())
    except ValidationError as error:
        given = (
            "its example is refused" if declared.given_example is not None else "no example of its params can be made"
        )
        raise CatalogError(f"{given} ({error}); give one that validates: @analysis(example={{…}})") from None
    except TypeError as error:
        raise CatalogError(f"its params can't be said in JSON Schema: {error}") from None
    if not isinstance(loaded, dict):
        raise CatalogError(f"its schema loads a {type(loaded).__name__}; it must load a dict, so leave post_load out")
