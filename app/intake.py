"""Handing in one job, whatever it was made from: the store is asked, and the client told where to go on."""

from flask import Response, request

from app.access.authentication import check_still_welcome
from app.access.callers import caller, current_caller
from app.answers import NO_STORE, as_json
from app.description.operations import Answer
from app.desk import desk
from app.preferences import wait_for_outcome, wait_wanted
from app.problems import Problem
from app.signals.request_log import note_job
from app.urls import absolute, job_path, result_path
from jobs.errors import NoSuchJob
from jobs.intake import Idempotency, Order, find_replayed
from jobs.job import Job
from jobs.record import Submission

#: The problems that handing in a job may meet, its body aside.
HANDING_IN = (
    "malformed-idempotency-key",
    "idempotency-key-reused",
    "job-gone",
    "no-such-dataset",
    "rate-limited",
    "too-many-active-jobs",
    "queue-full",
    "store-unavailable",
    "storage-unavailable",
    "storage-full",
)

#: What a client gets that waits, where the job ends in time.
ENDED_IN_TIME = Answer(
    description="It has ended within the wait that was preferred; the Location has the outcome.",
    schema="Job",
    headers=("Location", "Operation-Location", "Preference-Applied"),
)


def hand_in(submission: Submission, *, idempotency: Idempotency | None) -> Response:
    """Submits the job and answers with its ticket, or, to who waits and sees it end, with where its outcome is.

    Raises:
        SubmissionRefused: a limit is reached, or the Idempotency-Key belongs to another request.
        Problem: the request came before, and the job that it became is no longer known.

    """
    # A rate is its caller's own: an administrator who runs somebody's job again does not use theirs up.
    rate = current_caller().rate if submission.caller == caller() else 0
    taken = desk().store.take(Order(submissions=(submission,), idempotency=idempotency, rate=rate))
    return _told(_replayed_job(taken.replayed) if taken.replayed else taken.jobs[0])


def replay(idempotency: Idempotency | None) -> Response | None:
    """The answer to a request that came before; None to one that is new.

    Asked before a request is looked at any closer: what it names may have gone since it was taken.

    Raises:
        IdempotencyKeyReused: the Idempotency-Key belongs to another request.
        Problem: the job that the request became is no longer known.

    """
    known = replayed(idempotency)
    return _told(_replayed_job(known)) if known else None


def replayed(idempotency: Idempotency | None) -> str:
    """The id of what the request became before; "" for one that is new.

    Raises:
        IdempotencyKeyReused: the Idempotency-Key belongs to another request.

    """
    return "" if idempotency is None else find_replayed(desk().store, idempotency)


def job_gone() -> Problem:
    """What a request came to that came before is no longer known."""
    return Problem("job-gone", "This request was taken before, and what became of it is no longer kept.")


def _replayed_job(job_id: str) -> Job:
    try:
        return desk().store.find(job_id)
    except NoSuchJob:
        raise job_gone() from None


def _told(job: Job) -> Response:
    note_job(job.id)
    where = ("Operation-Location", absolute(job_path(job.id)))
    return ticket_or_outcome(job, headers=[where], handed_in=True)


def ticket_or_outcome(job: Job, *, headers: list[tuple[str, str]], handed_in: bool = False) -> Response:
    """202 with the ticket, or 303 to the outcome where the client prefers to wait and the job ends in time.

    Whoever has ``handed_in`` the job in this request gets the ticket whatever happens in the wait.

    Raises:
        NoSuchJob: it was purged meanwhile.
        Problem: the key was revoked meanwhile, or has expired.
        StoreUnavailable: Redis does not say what happens now.

    """
    at = desk()
    seconds = wait_wanted(request)
    headers = [("Vary", "Prefer"), *headers]
    if seconds:
        job = wait_for_outcome(
            job,
            seconds=seconds,
            followers=at.followers,
            check=lambda: check_still_welcome(current_caller()),
            handed_in=handed_in,
        ).job
        headers.append(("Preference-Applied", f"wait={seconds}"))
    if not (seconds and job.is_final):
        return at.ticket(job, *headers)
    where = ("Location", absolute(result_path(job.id)))
    return as_json(at.document(job), status=303, headers=[where, NO_STORE, *headers])
