"""What is asked for behind the question mark of a URL, checked like a body."""

from collections.abc import Mapping
from typing import TypeVar, cast

from flask import Request
from marshmallow import Schema, ValidationError

from app.problems import Problem

Loaded = TypeVar("Loaded", bound=Mapping[str, object])


def read_query(request: Request, schema: Schema, _: type[Loaded]) -> Loaded:
    """The parameters of the query, as the schema loads them; one that may come several times is a list there.

    Raises:
        Problem: one is unknown, comes twice, or has a value that is not valid; every one of them is named.

    """
    given: dict[str, object] = {}
    twice: dict[str, list[str]] = {}
    for name, values in request.args.lists():
        if len(values) > 1:
            twice[name] = [f"Sent {len(values)} times; send it once."]
        given[name] = values[0]
    try:
        loaded = schema.load(given)
    except ValidationError as error:
        raise _refused({**error.messages_dict, **twice}) from None
    if twice:
        raise _refused(twice)
    return cast("Loaded", loaded)


def _refused(messages: Mapping[str, object]) -> Problem:
    errors = [
        {"parameter": name[:100], "message": " ".join(map(str, said)) if isinstance(said, list) else str(said)}
        for name, said in messages.items()
    ]
    return Problem("invalid-query", "Parameters of the query are not valid.", members={"errors": errors})
