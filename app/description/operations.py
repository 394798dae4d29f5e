"""What a view says about itself for the API description: its answers and the problems it may report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar, cast

from flask import Response

P = ParamSpec("P")
View = TypeVar("View", bound=Callable[..., Response])

_ATTRIBUTE = "__operation__"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer that is no problem."""

    #: When it is given.
    description: str
    #: The component schema of its body; "" for a body of its own kind or none.
    schema: str = ""
    #: The media type of the body; "" for none.
    mimetype: str = "application/json"
    #: Headers that it carries.
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method at one path."""

    #: The answers by status.
    answers: Mapping[int, Answer]
    #: Slugs of the problems.
    problems: tuple[str, ...] = ()
    #: Headers of the request that it heeds.
    heeds: tuple[str, ...] = field(default=())


def documented(operation: Operation) -> Callable[[View], View]:
    """Notes the operation at the view; the view's docstring is its summary."""

    def note(view: View) -> View:
        setattr(view, _ATTRIBUTE, operation)
        return view

    return note


def operation_of(view: Callable[..., object]) -> Operation | None:
    """What was noted at the view."""
    return cast("Operation | None", getattr(view, _ATTRIBUTE, None))
