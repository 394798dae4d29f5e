"""Where in a request an error is: marshmallow's nested messages as JSON Pointers (RFC 6901)."""

from collections.abc import Iterator, Mapping
from itertools import islice

from app.problems import Problem

#: Errors that one answer lists at most.
MOST = 100

#: Longest part of a path that is repeated to the client, characters.
LONGEST_PART = 200


def refuse_fields(messages: Mapping[str, object]) -> Problem:
    """The problem that names every field with an error; ``messages`` are keyed by path, as marshmallow nests them."""
    errors = [{"path": path, "message": text} for path, text in islice(_walk(messages, ""), MOST)]
    named = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Problem("invalid-request", f"{named['path']}: {named['message']}{more}", members={"errors": errors})


def _walk(messages: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            # marshmallow's name for the object itself.
            yield from _walk(below, path if key == "_schema" else f"{path}/{_escaped(str(key)[:LONGEST_PART])}")
    elif isinstance(messages, list):
        for message in messages:
            yield from _walk(message, path)
    else:
        yield path, str(messages)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
