"""Which problem each error is answered with: the errors of jobs, Flask's own, and those that nobody expected."""

import errno
import math
from collections.abc import Mapping

import structlog
from flask import Flask, Response, current_app, g, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException

from app.problems import PROBLEM_TYPES, Problem, as_answer
from app.serving.patience import RequestTimeout
from jobs.error_reports import report_error
from jobs.errors import (
    BlobMissing,
    ClaimRefused,
    DatasetGone,
    IdempotencyKeyReused,
    JobNotFinal,
    JobsError,
    LeaseLost,
    NoSuchBatch,
    NoSuchDataset,
    NoSuchJob,
    QueueFull,
    RateLimited,
    SettingsError,
    StorageError,
    StoreUnavailable,
    SubmissionRefused,
    TooManyActive,
    TooManyAtOnce,
)

log = structlog.get_logger(__name__)

#: The type of problem for each error of jobs. What only workers and operators meet is a mistake of ours here.
OF_JOBS: Mapping[type[JobsError], str] = {
    NoSuchJob: "no-such-job",
    NoSuchBatch: "no-such-batch",
    NoSuchDataset: "dataset-not-found",
    JobNotFinal: "job-not-ended",
    IdempotencyKeyReused: "idempotency-key-reused",
    DatasetGone: "no-such-dataset",
    RateLimited: "rate-limited",
    TooManyActive: "too-many-active-jobs",
    TooManyAtOnce: "invalid-request",
    QueueFull: "queue-full",
    SubmissionRefused: "internal-error",
    StoreUnavailable: "store-unavailable",
    StorageError: "storage-unavailable",
    BlobMissing: "storage-unavailable",
    ClaimRefused: "internal-error",
    LeaseLost: "internal-error",
    SettingsError: "internal-error",
}

#: The type of problem for each status that Flask and werkzeug raise on their own; any other 4xx is a bad request.
OF_HTTP: Mapping[int, str] = {
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
    416: "range-not-satisfiable",
    500: "internal-error",
}

#: What is said where the error's own text is not meant for clients.
_DETAILS: Mapping[str, str] = {
    "not-found": "There is nothing at this URL; GET / lists what there is.",
    "method-not-allowed": "The Allow header lists the methods that this URL knows.",
    "store-unavailable": "The job store does not answer; try again in a moment.",
    "storage-unavailable": "The file storage does not answer; try again in a moment.",
    "storage-full": "The input can't be stored, for the file storage is full; try again later.",
    "internal-error": "Something went wrong that is not your fault; tell the operator the request_id.",
}

#: Seconds after which a job may have ended, where that is what a submission waits for.
ROOM_SOON = 5

#: Seconds after which it is worth trying again, by type of problem.
_RETRY_AFTER: Mapping[str, int] = {"store-unavailable": 1, "storage-unavailable": 5, "storage-full": 30}


def register_refusals(app: Flask) -> None:
    """Makes every error an answer in ``application/problem+json``."""
    app.register_error_handler(Problem, as_answer)
    app.register_error_handler(JobsError, _refuse_for_jobs)
    app.register_error_handler(HTTPException, _refuse_for_http)
    app.register_error_handler(ParseException, _refuse_for_framing)
    app.register_error_handler(Exception, _refuse_for_mistake)


def check_host() -> None:
    """Refuses a request whose Host can't be part of a URL, for every answer names URLs.

    Raises:
        Problem: it can't.

    """
    if not request.host:
        raise Problem("bad-request", "The Host header is not a host.")


def _refuse_for_jobs(error: JobsError) -> Response:
    slug = slug_of(error)
    if slug == "internal-error":
        return _refuse_for_mistake(error)
    if PROBLEM_TYPES[slug].status < 429:
        return as_answer(Problem(slug, str(error)))
    if isinstance(error, SubmissionRefused):
        return as_answer(Problem(slug, str(error), headers={"Retry-After": str(_room_in(error))}))
    log.warning("request.refused", problem=slug, reason=str(error))
    return as_answer(Problem(slug, _DETAILS[slug], headers={"Retry-After": str(_RETRY_AFTER[slug])}))


def _room_in(error: SubmissionRefused) -> int:
    """Seconds after which there may be room for the submission."""
    return max(math.ceil(error.retry_after), 1) if isinstance(error, RateLimited) else ROOM_SOON


def _refuse_for_framing(error: ParseException) -> Response:
    """The server reads a body while the view asks for it, so a broken chunk turns up here."""
    if isinstance(error, RequestTimeout):
        return as_answer(Problem("request-timeout", str(error), headers={"Connection": "close"}))
    return as_answer(Problem("malformed-body", f"The body can't be read: {error}.", headers={"Connection": "close"}))


def slug_of(error: JobsError) -> str:
    """The type of problem that an error of jobs is answered with."""
    if isinstance(error, StorageError) and _is_full(error):
        return "storage-full"
    return next((OF_JOBS[kind] for kind in type(error).__mro__ if kind in OF_JOBS), "internal-error")


def _is_full(error: StorageError) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)


def _refuse_for_http(error: HTTPException) -> Response:
    slug = OF_HTTP.get(error.code or 500, "bad-request" if (error.code or 500) < 500 else "internal-error")
    kept = {
        name: value for name, value in error.get_headers() if name.lower() not in ("content-type", "content-length")
    }
    return as_answer(Problem(slug, _detail(slug, error), headers=kept))


def _detail(slug: str, error: HTTPException) -> str:
    if slug == "body-too-large":
        limits = current_app.config
        return (
            f"A body may have at most {request.max_content_length} bytes, decompressed; of a form, "
            f"{limits['MAX_FORM_PARTS']} fields of {limits['MAX_FORM_MEMORY_SIZE']} bytes, files aside."
        )
    return _DETAILS.get(slug) or error.description or ""


def _refuse_for_mistake(error: Exception) -> Response:
    log.error("request.failed", method=request.method, path=request.path, exc_info=error)
    report_error(error, method=request.method, request_id=g.get("request_id", ""))
    members = {"request_id": g.get("request_id", "")}
    return as_answer(Problem("internal-error", _DETAILS["internal-error"], members=members))
