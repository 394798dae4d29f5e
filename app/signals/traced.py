"""The span of each request: what comes before it in its client's trace, and what of it follows in this service."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask

from app.signals.request_log import PROBES, route_of
from jobs.tracing import is_tracing, mark_failed, span

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def register_traces(app: Flask) -> None:
    """Puts the spans around everything that answers, where this process makes any."""
    if is_tracing():
        app.wsgi_app = Traced(app.wsgi_app)  # type: ignore[method-assign]


class Traced:
    """A WSGI application that makes a span of each request to another.

    The span ends with the head of the answer: of a stream it tells how soon it began.
    Names are of https://opentelemetry.io/docs/specs/semconv/http/http-spans/
    """

    def __init__(self, inner: "WSGIApplication") -> None:
        self._inner = inner

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers one request."""
        if environ["PATH_INFO"] in PROBES:
            return self._inner(environ, start_response)
        method, head = environ["REQUEST_METHOD"], _Head(start_response)
        about = {"http.request.method": method, "url.path": environ["PATH_INFO"]}
        with span(method, kind="server", parent=environ.get("HTTP_TRACEPARENT", ""), attributes=about) as made:
            answer = self._inner(environ, head)
            if made is not None:
                route = route_of(environ)
                made.update_name(f"{method} {route}")
                made.set_attribute("http.route", route)
                made.set_attribute("http.response.status_code", head.status)
                made.set_attribute("coatcheck.request_id", head.request_id)
                if head.status >= 500:
                    mark_failed(made, str(head.status))
        return answer


class _Head:
    """Begins an answer, and remembers how."""

    def __init__(self, start_response: "StartResponse") -> None:
        self._start = start_response
        self.status = 0
        self.request_id = ""

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None
    ) -> Callable[[bytes], object]:
        self.status = int(status.partition(" ")[0])
        self.request_id = next((value for name, value in headers if name == "X-Request-ID"), "")
        return self._start(status, headers, exc_info)
