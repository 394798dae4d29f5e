"""What a view says about itself for the API description: its answers and the problems it may report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar, cast

from flask import Response
from marshmallow import Schema

from jobs.api_keys import Scope

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
    #: The media type of the body, or several separated by ", "; "" for none.
    mimetype: str = "application/json"
    #: Headers that it carries.
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method at one path."""

    #: What a caller must be allowed to do for it; None: it is public, and asks for no key.
    scope: Scope | None
    #: Whether a browser that has signed in may ask for it without a key, too.
    by_session: bool = False
    #: Whether the description has it; pages that others wrote are none of the contract.
    described: bool = True
    #: The answers by status.
    answers: Mapping[int, Answer]
    #: Slugs of the problems.
    problems: tuple[str, ...] = ()
    #: Headers of the request that it heeds.
    heeds: tuple[str, ...] = field(default=())
    #: The parameters of its query; None where it has none.
    query: Schema | None = None
    #: The body of the request as OpenAPI describes it; None where it takes none, or where each analysis has its own.
    body: Mapping[str, object] | None = None

    @property
    def every_problem(self) -> tuple[str, ...]:
        """Slugs of all problems that it may be answered with, those included that come before its view."""
        of_keys = () if self.scope is None else ("unauthorized", "forbidden", "store-unavailable")
        # The server refuses what is no proper HTTP, before any view.
        return tuple(dict.fromkeys((*self.problems, *of_keys, "bad-request", "internal-error")))


def documented(operation: Operation) -> Callable[[View], View]:
    """Notes the operation at the view; the view's docstring is its summary."""

    def note(view: View) -> View:
        setattr(view, _ATTRIBUTE, operation)
        return view

    return note


def operation_of(view: Callable[..., object]) -> Operation | None:
    """What was noted at the view."""
    return cast("Operation | None", getattr(view, _ATTRIBUTE, None))
