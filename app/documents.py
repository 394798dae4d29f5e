"""The documents that the API sends: jobs, and the analyses of the catalog."""

from dataclasses import asdict
from datetime import UTC, datetime

from app.catalog import Analysis
from app.pace import Outlook
from app.urls import absolute, analysis_path, job_path, result_path, run_path, status_path
from jobs.job import Cause, Failure, Job


def job_document(job: Job, outlook: Outlook) -> dict[str, object]:
    """The job as clients see it; times in RFC 3339, UTC."""
    return {
        "id": job.id,
        "analysis": job.analysis,
        "analysis_version": job.analysis_version,
        "status": job.status,
        "message": job.message,
        "progress": job.progress,
        "stage": job.stage,
        "queue_position": job.queue_position,
        "eta": moment(outlook.eta),
        "attempt": job.attempt,
        "retry_of": job.retry_of or None,
        "created": moment(job.created),
        "started": moment(job.started),
        "updated": moment(job.updated),
        "finished": moment(job.finished),
        "expires": moment(job.expires),
        "label": job.label,
        "seed": job.seed,
        "priority": job.priority,
        "metrics": None if job.metrics is None else asdict(job.metrics),
        "error": None if job.failure is None else _error(job.failure),
        "links": {
            "self": absolute(job_path(job.id)),
            "status": absolute(status_path(job.id)),
            "result": absolute(result_path(job.id)),
        },
    }


def moment(milliseconds: int | None) -> str | None:
    """A Unix time in milliseconds as RFC 3339 writes it."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def code_of(failure: Failure) -> str:
    """The type of problem that a failed job is answered with."""
    return "analysis-rejected-input" if failure.cause is Cause.REJECTED else "analysis-failed"


def _error(failure: Failure) -> dict[str, object]:
    return {"code": code_of(failure), "message": failure.message, "cause": failure.cause}


def analysis_summary(analysis: Analysis) -> dict[str, object]:
    """One line of the catalog."""
    return {
        "name": analysis.name,
        "summary": analysis.summary,
        "version": analysis.version,
        "links": {"self": absolute(analysis_path(analysis.name)), "run": absolute(run_path(analysis.name))},
    }


def analysis_document(analysis: Analysis, *, usual: float | None) -> dict[str, object]:
    """All that is known of an analysis; ``usual`` is its typical run time, seconds."""
    return {
        **analysis_summary(analysis),
        "description": analysis.description,
        "takes_data": analysis.takes_data,
        "timeout": analysis.timeout,
        "deterministic": analysis.deterministic,
        "params": analysis.json_schema(),
        "example": example_body(analysis),
        "typical_seconds": usual,
    }


def example_body(analysis: Analysis) -> dict[str, object]:
    """A body that submits a job of this analysis."""
    data: dict[str, object] = {"data": {"builtin": "iris"}} if analysis.takes_data else {}
    return {**data, "params": analysis.example()}
