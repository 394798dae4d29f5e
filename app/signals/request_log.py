"""One log line for each request, and the id by which it is found in the log."""

import re
import time
from contextvars import ContextVar
from os import urandom
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog
from flask import Flask, Response, g, request

from app.access.security_headers import OF_ANSWERS
from app.signals.tally import TALLY
from jobs.tracing import is_tracing, trace_id

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = structlog.get_logger(__name__)

#: An id that a client or proxy may give; anything else is replaced.
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

#: A path that can be logged as it is.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._~/-]*")

#: What load balancers ask every few seconds; logged for debugging only.
PROBES = frozenset({"/livez", "/readyz", "/metrics"})

#: The routes that are answered in front of Flask, by how their paths begin.
_PLAIN_ROUTES = {
    "queuedResource": "/queuedResource/<job_id>/status",
    "resource": "/resource/<job_id>/result",
    "analysis": "/analysis/<name>/run",
}

#: The route of what is at no route.
_NO_ROUTE = "none"

#: Under this name a request carries the route that Flask has found for it.
_ROUTE = "coatcheck.route"

_CURRENT: ContextVar[str] = ContextVar("request_id", default="")


def register_request_log(app: Flask) -> None:
    """Logs method, path, status and milliseconds of each request, and answers with its ``X-Request-ID``."""
    app.before_request(_begin)
    app.after_request(_end)


def begin_request(given: str) -> str:
    """Notes that a request begins; returns its id: the one that was given, if it can be one, or a fresh one."""
    request_id = given if _GIVEN_ID.fullmatch(given) else urandom(16).hex()
    # Connections are kept, and with them the context: what the last request left is not this one's.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    if is_tracing():
        structlog.contextvars.bind_contextvars(trace_id=trace_id())
    _CURRENT.set(request_id)
    return request_id


def current_request_id() -> str:
    """The id of the request that is answered here; "" where none is."""
    return _CURRENT.get()


def note_job(job_id: str) -> None:
    """The line of this request tells which job it has submitted."""
    structlog.contextvars.bind_contextvars(job=job_id)


def note_batch(batch_id: str) -> None:
    """The line of this request tells which batch it has submitted."""
    structlog.contextvars.bind_contextvars(batch=batch_id)


def end_request(
    request_id: str, method: str, path: str, *, status: int, began: float, route: str = ""
) -> list[tuple[str, str]]:
    """Logs and counts a request that is answered; returns the headers that every answer has.

    ``route`` is "" in front of Flask, where only a few routes are answered.
    """
    log_request(method, path, status=status, seconds=time.perf_counter() - began, route=route)
    return answer_headers(request_id)


def answer_headers(request_id: str) -> list[tuple[str, str]]:
    """The headers that every answer has."""
    return [("X-Request-ID", request_id), *OF_ANSWERS]


def log_request(method: str, path: str, *, status: int, seconds: float, route: str = "") -> None:
    """Logs and counts a request that took so long to be answered; ``route`` as in :func:`end_request`."""
    TALLY.note_request(route or _plain_route(path), method, status=status, seconds=seconds)
    note = log.debug if path in PROBES else log.info
    # Quoted again: a line break in a URL must not begin a new line in the log.
    said = path if _PLAIN_PATH.fullmatch(path) else quote(path)
    note("request", method=method, path=said, status=status, ms=round(seconds * 1000, 1))


def route_of(environ: "WSGIEnvironment") -> str:
    """The route of a request that was answered."""
    return str(environ.get(_ROUTE) or _plain_route(environ["PATH_INFO"]))


def _plain_route(path: str) -> str:
    return _PLAIN_ROUTES.get(path[1:].partition("/")[0], _NO_ROUTE)


def _begin() -> None:
    g.request_id = begin_request(request.headers.get("X-Request-ID", ""))
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    route = request.environ[_ROUTE] = request.url_rule.rule if request.url_rule else _NO_ROUTE
    for name, value in end_request(
        g.request_id, request.method, request.path, status=response.status_code, began=g.began, route=route
    ):
        response.headers.setdefault(name, value)
    return response
