"""The message of a webhook: what the end of a job is told as; small, the result itself is picked up."""

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from jobs.job import Cause, Job

#: Longest text of an error in a message, characters; a message stays below the 20 KB of Standard Webhooks.
LONGEST_TEXT = 2000


def message_of(job: Job) -> bytes:
    """The message of a job that has ended, as JSON; the same bytes however often it is asked for.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-structure
    """
    ended = _moment(job.finished)
    data = {
        "id": job.id,
        "analysis": job.analysis,
        "status": job.status,
        "label": job.label,
        "created": _moment(job.created),
        "finished": ended,
        "links": links_of(job),
        "error": _error(job),
    }
    return orjson.dumps({"type": f"job.{job.status}", "timestamp": ended, "data": data})


def links_of(job: Job) -> Mapping[str, str]:
    """Where the job is found, below the URL by which its client reached the service."""
    base = job.base_url.rstrip("/")
    return {
        "self": f"{base}/jobs/{job.id}",
        "status": f"{base}/queuedResource/{job.id}/status",
        "result": f"{base}/resource/{job.id}/result",
    }


def _error(job: Job) -> dict[str, str] | None:
    if job.failure is None:
        return None
    code = "analysis-rejected-input" if job.failure.cause is Cause.REJECTED else "analysis-failed"
    return {"code": code, "message": job.failure.message[:LONGEST_TEXT], "cause": job.failure.cause}


def _moment(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
