"""An analysis as the catalog holds it: its function, its params and what is said about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema

from tasks.framework.example import example_of
from tasks.framework.json_schema import DIALECT, object_schema
from tasks.framework.json_value import JsonObject

#: The function of an author; what it takes and returns is its own business.
Function = Callable[..., Any]


#: The `data` of an example request, unless the author gives another.
EXAMPLE_DATA: Mapping[str, object] = {"builtin": "iris"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """One analysis of the catalog. Calling it calls the function; two of them are equal only if they are the same."""

    #: Its name in URLs, unique in a catalog.
    name: str
    #: The author's function.
    function: Function
    #: Loads its params; refuses unknown fields.
    schema: Schema
    #: One line, the first of the docstring, or the name.
    summary: str
    #: The docstring's further paragraphs, or "".
    description: str
    #: Seconds that a run may take; None leaves it to the settings.
    timeout: float | None = None
    #: Whether the same input and seed give the same result.
    deterministic: bool = False
    #: The author's version of its behaviour.
    version: str = "1"
    #: How often a job may be started; None leaves it to the settings.
    max_attempts: int | None = None
    #: Errors after which a run is tried again; any other one fails the job.
    retry_on: tuple[type[Exception], ...] = ()
    #: Memory that a run may take, bytes; None leaves it to the settings.
    memory: int | None = None
    #: Whether the function has a parameter `data`.
    takes_data: bool = False
    #: Whether the function has a parameter `job`.
    takes_job: bool = False
    #: The author's example of params; None lets one be made.
    given_example: Mapping[str, object] | None = None
    #: The `data` of an example request.
    example_data: Mapping[str, object] = field(default_factory=lambda: EXAMPLE_DATA)

    @property
    def place(self) -> str:
        """Where its function stands, as a dotted name."""
        return place_of(self.function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as it was written, without validation."""
        return self.function(*args, **kwargs)

    def load(self, params: Mapping[str, object]) -> dict[str, Any]:
        """The params as the function receives them, defaults included, nothing shared with another load.

        Raises marshmallow.ValidationError, whose messages are keyed by parameter.
        """
        loaded: dict[str, Any] = self.schema.load(params)
        return loaded

    def run(self, data: object, job: object, params: Mapping[str, Any]) -> object:
        """What the function returns for loaded params; `data` and `job` are passed if it takes them."""
        given = {"data": data} if self.takes_data else {}
        if self.takes_job:
            given["job"] = job
        return self.function(**given, **params)

    def json_schema(self) -> JsonObject:
        """JSON Schema 2020-12 of the params, a new dict each time."""
        said = {"$schema": DIALECT, "title": self.name, "description": self.summary}
        return {**said, **object_schema(self.schema)}

    def example(self) -> JsonObject:
        """Params that validate: the required ones, and the defaults of the others."""
        made = self.given_example if self.given_example is not None else example_of(object_schema(self.schema))
        assert isinstance(made, Mapping)  # noqa: S101 - the schema of params describes an object
        return dict(made)


def place_of(function: object) -> str:
    """Where a function stands, as a dotted name."""
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', function)}"
