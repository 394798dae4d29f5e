"""One log line for each request, and the id by which it is found in the log."""

import re
import time
from urllib.parse import quote
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger(__name__)

#: An id that a client or proxy may give; anything else is replaced.
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

#: What load balancers ask every few seconds; logged for debugging only.
_PROBES = frozenset({"/livez", "/readyz"})


def register_request_log(app: Flask) -> None:
    """Logs method, path, status and milliseconds of each request, and answers with its ``X-Request-ID``."""
    app.before_request(_begin)
    app.after_request(_end)


def begin_request(given: str) -> str:
    """Notes that a request begins; returns its id: the one that was given, if it can be one, or a fresh one."""
    request_id = given if _GIVEN_ID.fullmatch(given) else uuid4().hex
    # Connections are kept, and with them the context: what the last request left is not this one's.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def end_request(request_id: str, method: str, path: str, *, status: int, began: float) -> list[tuple[str, str]]:
    """Logs a request that is answered; returns the headers that every answer has."""
    note = log.debug if path in _PROBES else log.info
    took = round((time.perf_counter() - began) * 1000, 1)
    # Quoted again: a line break in a URL must not begin a new line in the log.
    note("request", method=method, path=quote(path), status=status, ms=took)
    return [("X-Request-ID", request_id), ("X-Content-Type-Options", "nosniff")]


def _begin() -> None:
    g.request_id = begin_request(request.headers.get("X-Request-ID", ""))
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    for name, value in end_request(
        g.request_id, request.method, request.path, status=response.status_code, began=g.began
    ):
        response.headers[name] = value
    return response
