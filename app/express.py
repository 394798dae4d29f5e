"""The express lane: the requests that are most frequent, handing in a small job, polling it and picking up its result,
are answered in front of Flask, which takes longer over a request than everything else together.

Only the plain form of each is answered here. Whatever is unusual goes on to Flask and its views: every header that
changes the answer, every key that is not good, and every error, which is handed on with the request. So the lane adds
speed and no behaviour; a test holds its answers beside those of the views.
"""

import re
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.wrappers import Request

from app.access.authentication import Doorkeeper
from app.access.hosts import Hosts
from app.desk import Desk
from app.plain_answers import PlainAnswers, Told
from app.preferences import wait_in
from app.signals.request_log import answer_headers, begin_request, log_request
from app.submitting.bodies import LONGEST_WHOLE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Under this name a request carries the error that it met here.
_MET = "coatcheck.met"

_POLL = re.compile(r"/queuedResource/([0-9a-f-]{36})/status")
_RESULT = re.compile(r"/resource/([0-9a-f-]{36})/result")
_RUN = re.compile(r"/analysis/([A-Za-z0-9_.-]{1,100})/run")

#: What a plain body is.
_JSON = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})

#: Headers by which a request is not plain.
_UNUSUAL = (
    "HTTP_IF_NONE_MATCH",
    "HTTP_IDEMPOTENCY_KEY",
    "HTTP_CONTENT_ENCODING",
    "HTTP_TRANSFER_ENCODING",
    "HTTP_EXPECT",
    "HTTP_ORIGIN",
    "HTTP_SEC_FETCH_SITE",
)

_STATUSES = {200: "200 OK", 202: "202 ACCEPTED", 303: "303 SEE OTHER"}


def register_express(app: Flask, desk: Desk, doorkeeper: Doorkeeper) -> None:
    """Puts the lane in front of the application."""
    app.before_request(_raise_what_was_met)
    app.wsgi_app = Express(app.wsgi_app, desk=desk, doorkeeper=doorkeeper)  # type: ignore[method-assign]


def _raise_what_was_met() -> None:
    met = request.environ.get(_MET)
    if met is not None:
        raise met


class _Told(list[bytes]):
    """An answer in one piece; what is left to be done is done when it was sent, so that its client need not wait."""

    def __init__(self, body: bytes, *, then: Callable[[], None]) -> None:
        super().__init__([body])
        self._then = then

    def close(self) -> None:
        """The server calls it at the end."""
        self._then()


class Express:
    """A WSGI application that answers what is plain, and gives everything else to another."""

    def __init__(self, others: "WSGIApplication", *, desk: Desk, doorkeeper: Doorkeeper) -> None:
        self._others = others
        self._answers = PlainAnswers(desk, doorkeeper)
        self._hosts = Hosts(desk.settings)
        self._longest_body = min(LONGEST_WHOLE, desk.settings.max_body)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers one request."""
        answer = self._answer_to(environ)
        root = None if answer is None else _root_of(environ)
        if answer is None or root is None or not self._hosts.take(environ["HTTP_HOST"]):
            return self._others(environ, start_response)
        began = time.perf_counter()
        request_id = begin_request(environ.get("HTTP_X_REQUEST_ID", ""))
        try:
            told = answer(root)
        except Exception as error:  # noqa: BLE001 - every error is the application's to answer
            environ[_MET] = error
            told = None
        if told is None:
            # Under the same id: what was logged here, or written with a job, is of this request.
            environ["HTTP_X_REQUEST_ID"] = request_id
            return self._others(environ, start_response)
        status, headers, body = told
        headers += [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            *answer_headers(request_id),
        ]
        start_response(_STATUSES[status], headers)
        method, path, seconds = environ["REQUEST_METHOD"], environ["PATH_INFO"], time.perf_counter() - began
        return _Told(body, then=lambda: log_request(method, path, status=status, seconds=seconds))

    def _answer_to(self, environ: "WSGIEnvironment") -> Callable[[str], Told | None] | None:
        """What answers the request, given the URL of this service; None where it is not plain."""
        if any(name in environ for name in _UNUSUAL) or "q=0" in environ.get("HTTP_ACCEPT_ENCODING", ""):
            return None
        if "HTTP_PREFER" in environ and not wait_in(environ["HTTP_PREFER"]):
            return None
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method == "GET" and (poll := _POLL.fullmatch(path)):
            return lambda root: self._answers.poll(environ, poll[1], root=root)
        if method == "GET" and (result := _RESULT.fullmatch(path)):
            return lambda root: self._answers.result(environ, result[1], root=root)
        if method == "POST" and (run := _RUN.fullmatch(path)) and self._has_plain_body(environ):
            return lambda root: self._answers.run(environ, run[1], root=root)
        return None

    def _has_plain_body(self, environ: "WSGIEnvironment") -> bool:
        length = environ.get("CONTENT_LENGTH", "")
        if environ.get("CONTENT_TYPE", "").lower() not in _JSON or not (length.isascii() and length.isdecimal()):
            return False
        return len(length) < 10 and 0 < int(length) <= self._longest_body


def _root_of(environ: "WSGIEnvironment") -> str | None:
    """The URL by which the client reached this service, with a slash at its end; None where its Host is none."""
    host = environ.get("HTTP_HOST", "")
    return _root(environ["wsgi.url_scheme"], host, environ.get("SCRIPT_NAME", "")) if host else None


@lru_cache(maxsize=1024)
def _root(scheme: str, host: str, prefix: str) -> str | None:
    asked = Request({"wsgi.url_scheme": scheme, "HTTP_HOST": host, "SCRIPT_NAME": prefix, "PATH_INFO": "/"})
    return asked.root_url if asked.host else None
