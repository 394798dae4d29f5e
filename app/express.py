"""The express lane: the requests that are most frequent, handing in a small job, polling it and picking up its result,
are answered in front of Flask, which takes longer over a request than everything else together.

Only the plain form of each is answered here. Whatever is unusual goes on to Flask and its views: every header that
changes the answer, every key that is not good, and every error, which is handed on with the request. So the lane adds
speed and no behaviour; a test holds its answers beside those of the views.
"""

import io
import re
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson
from flask import Flask, request
from werkzeug.wrappers import Request

from app.access.authentication import Doorkeeper
from app.access.callers import Caller
from app.access.hosts import Hosts
from app.answers import NO_STORE
from app.desk import Desk
from app.documents import job_document
from app.encodings import LEAST
from app.problems import Problem
from app.results import result_headers
from app.signals.request_log import answer_headers, begin_request, log_request, note_job
from app.submitting.bodies import LONGEST_WHOLE, Body, object_in
from app.submitting.submission import Judge
from app.urls import below, job_path, result_path, status_path
from jobs.api_keys import Scope
from jobs.datasets import Dataset
from jobs.errors import NoSuchJob
from jobs.intake import Order
from jobs.job import Job

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
    "HTTP_PREFER",
    "HTTP_IDEMPOTENCY_KEY",
    "HTTP_CONTENT_ENCODING",
    "HTTP_TRANSFER_ENCODING",
    "HTTP_EXPECT",
    "HTTP_ORIGIN",
    "HTTP_SEC_FETCH_SITE",
)

_STATUSES = {200: "200 OK", 202: "202 ACCEPTED", 303: "303 SEE OTHER"}

#: Headers of an answer.
Headers = list[tuple[str, str]]


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
        self._desk = desk
        self._doorkeeper = doorkeeper
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

    def _answer_to(self, environ: "WSGIEnvironment") -> Callable[[str], tuple[int, Headers, bytes] | None] | None:
        """What answers the request, given the URL of this service; None where it is not plain."""
        if any(name in environ for name in _UNUSUAL) or "q=0" in environ.get("HTTP_ACCEPT_ENCODING", ""):
            return None
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method == "GET" and (poll := _POLL.fullmatch(path)):
            return lambda root: self._poll(environ, poll[1], root=root)
        if method == "GET" and (result := _RESULT.fullmatch(path)):
            return lambda root: self._result(environ, result[1], root=root)
        if method == "POST" and (run := _RUN.fullmatch(path)) and self._has_plain_body(environ):
            return lambda root: self._run(environ, run[1], root=root)
        return None

    def _has_plain_body(self, environ: "WSGIEnvironment") -> bool:
        length = environ.get("CONTENT_LENGTH", "")
        if environ.get("CONTENT_TYPE", "").lower() not in _JSON or not (length.isascii() and length.isdecimal()):
            return False
        return len(length) < 10 and 0 < int(length) <= self._longest_body

    def _poll(self, environ: "WSGIEnvironment", job_id: str, *, root: str) -> tuple[int, Headers, bytes] | None:
        caller = self._caller(environ, Scope.READ)
        if caller is None:
            return None
        job = self._desk.store.find(job_id)
        if not caller.sees(job.caller):
            raise NoSuchJob(job_id)
        if not job.is_final:
            return self._ticket(environ, job, root=root)
        headers = [("Location", below(root, result_path(job.id))), NO_STORE, ("Vary", "Prefer")]
        return _unless_long(environ, 303, headers, self._written(job, root=root))

    def _result(self, environ: "WSGIEnvironment", job_id: str, *, root: str) -> tuple[int, Headers, bytes] | None:
        caller = self._caller(environ, Scope.READ)
        if caller is None:
            return None
        job, content = self._desk.store.find_with_result(job_id)
        if not caller.sees(job.caller):
            raise NoSuchJob(job_id)
        if content is None:
            return None
        return _unless_long(environ, 200, [*result_headers(job, root=root), ("ETag", f'"{job.etag}"')], content)

    def _run(self, environ: "WSGIEnvironment", name: str, *, root: str) -> tuple[int, Headers, bytes] | None:
        caller = self._caller(environ, Scope.SUBMIT)
        analysis = self._desk.catalog.get(name)
        if caller is None or analysis is None:
            return None
        length = int(environ["CONTENT_LENGTH"])
        raw = environ["wsgi.input"].read(length)
        # Whoever comes next reads it once more.
        environ["wsgi.input"] = io.BytesIO(raw)
        if len(raw) < length:
            return None
        members = object_in(raw)
        if _names_a_dataset(members):
            return None
        judge = Judge(
            analysis=analysis,
            options=self._desk.options,
            settings=self._desk.settings,
            caller=caller.name,
            base_url=root,
            dataset=_not_here,
        )
        submission = judge.accept(Body(members=members))
        job = self._desk.store.take(Order(submissions=(submission,), rate=caller.rate)).jobs[0]
        note_job(job.id)
        return self._ticket(environ, job, root=root, more=[("Operation-Location", below(root, job_path(job.id)))])

    def _caller(self, environ: "WSGIEnvironment", scope: Scope) -> Caller | None:
        """Who asks; None where they may not, which is not said here."""
        try:
            caller = self._doorkeeper.caller_who_says(environ.get("HTTP_AUTHORIZATION", ""))
        except Problem:
            return None
        return caller if caller.may(scope) else None

    def _ticket(
        self, environ: "WSGIEnvironment", job: Job, *, root: str, more: Headers | None = None
    ) -> tuple[int, Headers, bytes] | None:
        outlook = self._desk.pace.outlook(job)
        headers = [
            ("Location", below(root, status_path(job.id))),
            ("Retry-After", str(outlook.retry_after)),
            NO_STORE,
            ("Vary", "Prefer"),
            *(more or ()),
        ]
        body = orjson.dumps(job_document(job, outlook, root=root), option=orjson.OPT_APPEND_NEWLINE)
        # An accepted job is told at any length: nobody may hand it in once more.
        return (202, headers, body) if more else _unless_long(environ, 202, headers, body)

    def _written(self, job: Job, *, root: str) -> bytes:
        document = job_document(job, self._desk.pace.outlook(job), root=root)
        return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def _names_a_dataset(members: dict[str, object]) -> bool:
    data = members.get("data")
    return isinstance(data, dict) and "dataset" in data


def _not_here(dataset_id: str) -> Dataset:
    raise LookupError(f"The express lane knows no data sets: {dataset_id[:64]}")


def _unless_long(
    environ: "WSGIEnvironment", status: int, headers: Headers, body: bytes
) -> tuple[int, Headers, bytes] | None:
    """The answer, unless it is long enough to be compressed for who takes that."""
    if len(body) < LEAST:
        return status, headers, body
    return None if "HTTP_ACCEPT_ENCODING" in environ else (status, [*headers, ("Vary", "Accept-Encoding")], body)


def _root_of(environ: "WSGIEnvironment") -> str | None:
    """The URL by which the client reached this service, with a slash at its end; None where its Host is none."""
    host = environ.get("HTTP_HOST", "")
    return _root(environ["wsgi.url_scheme"], host, environ.get("SCRIPT_NAME", "")) if host else None


@lru_cache(maxsize=1024)
def _root(scheme: str, host: str, prefix: str) -> str | None:
    asked = Request({"wsgi.url_scheme": scheme, "HTTP_HOST": host, "SCRIPT_NAME": prefix, "PATH_INFO": "/"})
    return asked.root_url if asked.host else None
