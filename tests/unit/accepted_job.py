"""A job that was accepted just now, without a store."""

from jobs.job import Job, Priority
from jobs.record import Receipt, Submission, just_accepted


def accepted_job(job_id: str = "x", *, created: int = 0, position: int = 0) -> Job:
    """A queued job of normal priority; ``created`` is a Unix time in milliseconds."""
    submission = Submission(
        id=job_id,
        analysis="double",
        analysis_version="1",
        input=b"",
        caller="anonymous",
        priority=Priority.NORMAL,
        label="",
        seed=0,
        timeout=60,
        expires_in=None,
        max_attempts=3,
    )
    return just_accepted(submission, Receipt(created=created, step=3, position=position), blob="", batch="")
