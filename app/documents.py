"""The documents that the API sends: jobs, and the analyses of the catalog."""

from datetime import UTC, datetime
from functools import lru_cache

from app.catalog import Analysis
from app.pace import Outlook
from app.urls import (
    absolute,
    analysis_path,
    attachment_path,
    batch_path,
    below,
    events_path,
    job_path,
    logs_path,
    result_path,
    run_path,
    status_path,
    webhook_path,
)
from jobs.batches import Batch
from jobs.job import Cause, Failure, Job, Metrics


def job_document(job: Job, outlook: Outlook, *, root: str) -> dict[str, object]:
    """The job as clients see it, below the URL ``root`` of this service; times in RFC 3339, UTC."""
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
        "batch": job.batch or None,
        "dataset": job.dataset or None,
        "created": moment(job.created),
        "started": moment(job.started),
        "updated": moment(job.updated),
        "finished": moment(job.finished),
        "expires": moment(job.expires),
        "label": job.label,
        "seed": job.seed,
        "priority": job.priority,
        "metrics": None if job.metrics is None else _metrics(job.metrics),
        "error": None if job.failure is None else _error(job.failure),
        "figures": _attached(job, "figure", root=root),
        "files": _attached(job, "file", root=root),
        "links": {
            "self": below(root, job_path(job.id)),
            "status": below(root, status_path(job.id)),
            "result": below(root, result_path(job.id)),
            "events": below(root, events_path(job.id)),
            "logs": below(root, logs_path(job.id)),
            **({"webhook": below(root, webhook_path(job.id))} if job.webhook else {}),
        },
    }


def _metrics(metrics: Metrics) -> dict[str, float]:
    # Not by `asdict`, which copies deeply: it took a tenth of the time of an answer.
    return {"wall": metrics.wall, "cpu": metrics.cpu, "peak_memory": metrics.peak_memory}


def _attached(job: Job, kind: str, *, root: str) -> list[dict[str, object]]:
    return [
        {
            "name": each.name,
            "title": each.title,
            "media_type": each.media_type,
            "size": each.size,
            "links": {"self": below(root, attachment_path(job.id, kind, each.name))},
        }
        for each in job.attached
        if each.kind == kind
    ]


def batch_document(batch: Batch) -> dict[str, object]:
    """The batch as clients see it."""
    return {
        "id": batch.id,
        "analysis": batch.analysis,
        "status": "ended" if batch.is_final else "active",
        "created": moment(batch.created),
        "counts": batch.counts,
        "jobs": [
            {"id": job_id, "status": status or "gone", "links": {"self": absolute(job_path(job_id))}}
            for job_id, status in batch.jobs
        ],
        "links": {"self": absolute(batch_path(batch.id)), "jobs": absolute(f"/jobs?batch={batch.id}")},
    }


def moment(milliseconds: int | None) -> str | None:
    """A Unix time in milliseconds as RFC 3339 writes it."""
    if milliseconds is None:
        return None
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    """A Unix time in seconds; many moments of one job, and of many, fall into the same second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


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
    data: dict[str, object] = {"data": analysis.example_data} if analysis.takes_data else {}
    return {**data, "params": analysis.example()}
