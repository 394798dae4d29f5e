"""Web pages of other origins: which ones may use this service, and how the others are kept from it.

A browser lets any page send requests anywhere; it only keeps the answer from the page unless that may read it (CORS).
So browsers are told that pages of the origins that are set may; and what other pages send is refused, unless they send
a key of their own.

Sources: https://fetch.spec.whatwg.org/#http-cors-protocol, https://www.w3.org/TR/fetch-metadata/
"""

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, g, request
from werkzeug.routing import Map

from app.description.headers import ANSWERED, HEEDED
from app.problems import Problem
from app.signals.request_log import begin_request, end_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Stands for every origin.
ANY = "*"

#: The headers that a page may send beside those that it always may.
_TAKEN = ("Authorization", "Content-Encoding", "Content-Type", "X-Request-ID", *HEEDED)

#: How long a browser remembers what it may ask, seconds; more is not heeded.
_REMEMBERED = 7200

#: Where a browser says that a request comes from when it is the reader's own doing or this site's.
_OWN = frozenset({"same-origin", "none"})

#: Headers of an answer.
Headers = tuple[tuple[str, str], ...]


class Origins:
    """The origins whose pages may use this service."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def __bool__(self) -> bool:
        return bool(self._names)

    def allow(self, origin: str) -> bool:
        """Whether pages of this origin may use the service."""
        return bool(origin) and (ANY in self._names or origin in self._names)

    def told_to(self, origin: str) -> Headers:
        """The headers by which the browser of a request with this ``Origin`` learns of it."""
        if ANY in self._names:
            return (("Access-Control-Allow-Origin", ANY), _EXPOSED)
        # Also where no page asked: a cache must not show one page what another was told.
        vary = ("Vary", "Origin")
        return (vary, ("Access-Control-Allow-Origin", origin), _EXPOSED) if self.allow(origin) else (vary,)


#: Everything that the contract has in headers.
_EXPOSED = ("Access-Control-Expose-Headers", ", ".join(name for name in ANSWERED if name != "Vary"))


def register_origins(app: Flask, names: Iterable[str]) -> None:
    """Lets pages of these origins in, and keeps others from what they could do without a key.

    To be called after everything that answers: it stands in front of the express lane.
    """
    origins = Origins(names)
    app.before_request(_Usher(origins).check)
    if origins:
        app.wsgi_app = Sharing(app.wsgi_app, routes=app.url_map, origins=origins)  # type: ignore[method-assign]


class _Usher:
    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    def check(self) -> None:
        """Refuses what a page of another site has its reader's browser ask.

        Raises:
            Problem: it is such a request, and the page has no key.

        """
        caller = g.get("caller")
        # A page that sends a key has one of its own: no browser adds it by itself.
        has_key = caller is not None and caller.key_id and "Authorization" in request.headers
        if caller is None or has_key or self._origins.allow(request.headers.get("Origin", "")):
            return
        if _is_foreign():
            raise Problem("cross-site-request", "A page of another site asked this; COATCHECK_CORS_ORIGINS lets it in.")


def _is_foreign() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:
        # Old browsers, and pages of addresses without TLS. Schemes may differ: TLS may end in front of us.
        origin = request.headers.get("Origin")
        return origin is not None and _host_of(origin) != request.host
    return site not in _OWN and not _follows_link()


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _follows_link() -> bool:
    """Whether the reader comes from another page to this one, which changes nothing and is shown to nobody else."""
    told = (request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Dest"))
    return request.method == "GET" and told == ("navigate", "document")


class Sharing:
    """A WSGI application that tells browsers which pages may read the answers of another."""

    def __init__(self, service: "WSGIApplication", *, routes: Map, origins: Origins) -> None:
        self._service = service
        self._routes = routes.bind("localhost")
        self._origins = origins

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers one request."""
        origin = environ.get("HTTP_ORIGIN", "")
        told = self._origins.told_to(origin)
        if _asks_first(environ) and self._origins.allow(origin):
            methods = self._routes.allowed_methods(environ["PATH_INFO"])
            if methods:
                return _permit(environ, start_response, methods=methods, told=told)
        return self._service(environ, partial(_start, start_response, told))


def _asks_first(environ: "WSGIEnvironment") -> bool:
    return environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ


def _start(
    start_response: "StartResponse", told: Headers, status: str, headers: list[tuple[str, str]], exc_info: object = None
) -> Callable[[bytes], object]:
    return start_response(status, [*headers, *told], exc_info)  # type: ignore[arg-type]


def _permit(
    environ: "WSGIEnvironment", start_response: "StartResponse", *, methods: Iterable[str], told: Headers
) -> Iterable[bytes]:
    """Answers a preflight; browsers send it without a key."""
    began = time.perf_counter()
    request_id = begin_request(environ.get("HTTP_X_REQUEST_ID", ""))
    headers = [
        *told,
        ("Access-Control-Allow-Methods", ", ".join(sorted(methods))),
        ("Access-Control-Allow-Headers", ", ".join(_TAKEN)),
        ("Access-Control-Max-Age", str(_REMEMBERED)),
        *end_request(request_id, environ["REQUEST_METHOD"], environ["PATH_INFO"], status=204, began=began),
    ]
    start_response("204 NO CONTENT", headers)
    return ()
