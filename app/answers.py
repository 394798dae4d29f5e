"""Answers in JSON, and the headers that several of them share."""

from collections.abc import Iterable

import orjson
from flask import Response

#: What may not be answered from anybody's memory: it changes by itself.
NO_STORE = ("Cache-Control", "no-store")


def as_json(
    document: object,
    *,
    status: int = 200,
    headers: Iterable[tuple[str, str]] = (),
    mimetype: str = "application/json",
) -> Response:
    """The document as a JSON answer; it ends with a line break for those who read it in a terminal."""
    body = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
    return Response(body, status=status, headers=[*headers], mimetype=mimetype)
