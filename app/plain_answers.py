"""What the express lane answers: a poll, a result and a submission in their plain forms, with no view around them.

None stands for what the views have to answer; errors are raised as the views raise them.
"""

import io
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import orjson

from app.access.authentication import Doorkeeper
from app.access.callers import Caller
from app.answers import NO_STORE
from app.desk import Desk
from app.documents import job_document
from app.encodings import LEAST
from app.following.endings import Ending
from app.pace import Outlook
from app.preferences import wait_for_outcome, wait_in
from app.problems import Problem
from app.read_ahead import READ_AHEAD, ReadAhead, look
from app.results import result_headers
from app.signals.request_log import note_job
from app.submitting.bodies import Body, object_in
from app.submitting.submission import Judge
from app.urls import below, job_path, result_path, status_path
from jobs.api_keys import Scope
from jobs.datasets import Dataset
from jobs.errors import NoSuchJob
from jobs.intake import Order
from jobs.job import Job
from jobs.record import Submission

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: Headers of an answer.
Headers = list[tuple[str, str]]

#: Status, headers and body of an answer.
Told = tuple[int, Headers, bytes]


class PlainAnswers:
    """Answers requests of which it is known that they are plain; ``root`` is the URL of this service."""

    def __init__(self, desk: Desk, doorkeeper: Doorkeeper) -> None:
        self._desk = desk
        self._doorkeeper = doorkeeper

    def poll(self, environ: "WSGIEnvironment", job_id: str, *, root: str) -> Told | None:
        """How the job stands, after the wait that is preferred."""
        caller = self._caller(environ, Scope.READ)
        if caller is None:
            return None
        ahead: ReadAhead | None = environ.get(READ_AHEAD)
        seen = look(self._desk.store, job_id, with_result=ahead is not None)
        if not caller.sees(seen.job.caller):
            raise NoSuchJob(job_id)
        if ahead is not None:
            ahead.keep(seen)
        job, applied = self._waited_for(environ, seen.job, caller)
        if not job.is_final:
            told = 202, *self._ticket(job, applied, root=root)
        else:
            told = 303, *self._outcome(job, applied, root=root)
        # Who has waited is answered here, at any length: another would have them wait once more.
        return told if applied else _unless_long(environ, *told)

    def result(self, environ: "WSGIEnvironment", job_id: str, *, root: str) -> Told | None:
        """The result of a job that has one at hand."""
        caller = self._caller(environ, Scope.READ)
        if caller is None:
            return None
        ahead: ReadAhead | None = environ.get(READ_AHEAD)
        known = None if ahead is None else ahead.result_of(job_id)
        job, content = known[:2] if known else self._desk.store.find_with_result(job_id)
        if not caller.sees(job.caller):
            raise NoSuchJob(job_id)
        if content is None:
            return None
        return _unless_long(environ, 200, [*result_headers(job, root=root), ("ETag", f'"{job.etag}"')], content)

    def run(self, environ: "WSGIEnvironment", name: str, *, root: str) -> Told | None:
        """Takes a job in."""
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
        applied: Headers = []
        if not wait_in(environ.get("HTTP_PREFER", "")):
            job = self._take(submission, caller)
        else:
            with self._desk.followers.ending(submission.id) as ending:
                job = self._take(replace(submission, ending=ending.channel), caller)
                job, applied = self._waited_for(environ, job, caller, ending=ending)
        where = ("Operation-Location", below(root, job_path(job.id)))
        # An accepted job is told at any length: nobody may hand it in once more.
        if applied and job.is_final:
            return 303, *self._outcome(job, [where, *applied], root=root)
        return 202, *self._ticket(job, [where, *applied], root=root)

    def _take(self, submission: Submission, caller: Caller) -> Job:
        """The job as the store has accepted it."""
        job = self._desk.store.take(Order(submissions=(submission,), rate=caller.rate)).jobs[0]
        note_job(job.id)
        return job

    def _waited_for(
        self, environ: "WSGIEnvironment", job: Job, caller: Caller, *, ending: Ending | None = None
    ) -> tuple[Job, Headers]:
        """The job after the wait that its client prefers, and the header that says so; ``ending`` is how the end of one
        is heard of that was handed in just now.
        """
        seconds = wait_in(environ.get("HTTP_PREFER", ""))
        if not seconds or job.is_final:
            return job, []
        seen = wait_for_outcome(
            job,
            seconds=seconds,
            followers=self._desk.followers,
            check=partial(self._doorkeeper.check, caller),
            handed_in=ending is not None,
            ending=ending,
        )
        ahead: ReadAhead | None = environ.get(READ_AHEAD)
        if ahead is not None:
            ahead.keep(seen)
        return seen.job, [("Preference-Applied", f"wait={seconds}")]

    def _caller(self, environ: "WSGIEnvironment", scope: Scope) -> Caller | None:
        """Who asks; None where they may not, which is not said here."""
        try:
            caller = self._doorkeeper.caller_who_says(environ.get("HTTP_AUTHORIZATION", ""))
        except Problem:
            return None
        return caller if caller.may(scope) else None

    def _ticket(self, job: Job, more: Headers, *, root: str) -> tuple[Headers, bytes]:
        """Headers and body of a 202."""
        outlook = self._desk.pace.outlook(job)
        headers = [
            ("Location", below(root, status_path(job.id))),
            ("Retry-After", str(outlook.retry_after)),
            NO_STORE,
            ("Vary", "Prefer"),
            *more,
        ]
        return headers, _written(job, outlook, root=root)

    def _outcome(self, job: Job, more: Headers, *, root: str) -> tuple[Headers, bytes]:
        """Headers and body of a 303."""
        headers = [("Location", below(root, result_path(job.id))), NO_STORE, ("Vary", "Prefer"), *more]
        return headers, _written(job, self._desk.pace.outlook(job), root=root)


def _written(job: Job, outlook: Outlook, *, root: str) -> bytes:
    return orjson.dumps(job_document(job, outlook, root=root), option=orjson.OPT_APPEND_NEWLINE)


def _names_a_dataset(members: dict[str, object]) -> bool:
    data = members.get("data")
    return isinstance(data, dict) and "dataset" in data


def _not_here(dataset_id: str) -> Dataset:
    raise LookupError(f"The express lane knows no data sets: {dataset_id[:64]}")


def _unless_long(environ: "WSGIEnvironment", status: int, headers: Headers, body: bytes) -> Told | None:
    """The answer, unless it is long enough to be compressed for who takes that."""
    if len(body) < LEAST:
        return status, headers, body
    return None if "HTTP_ACCEPT_ENCODING" in environ else (status, [*headers, ("Vary", "Accept-Encoding")], body)
