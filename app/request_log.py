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


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _GIVEN_ID.fullmatch(given) else uuid4().hex
    g.began = time.perf_counter()
    # Connections are kept, and with them the context: what the last request left is not this one's.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    note = log.debug if request.path in _PROBES else log.info
    took = round((time.perf_counter() - g.began) * 1000, 1)
    # Quoted again: a line break in a URL must not begin a new line in the log.
    note("request", method=request.method, path=quote(request.path), status=response.status_code, ms=took)
    response.headers["X-Request-ID"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
