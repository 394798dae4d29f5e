"""The record: how a job is written into its Redis hash and read from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from jobs.job import Attachment, Cause, Failure, Job, JobStatus, Metrics, Priority, new_id


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A job that a caller wants; its params and data were validated before."""

    id: str
    analysis: str
    analysis_version: str
    #: Its input, as :func:`jobs.input.pack` wrote it.
    input: bytes
    caller: str
    priority: Priority
    label: str
    seed: int
    #: Longest run, seconds.
    timeout: float
    #: Longest wait in the queue, seconds; None: for ever.
    expires_in: float | None
    max_attempts: int
    #: The job whose input it runs again, or "".
    retry_of: str = ""
    #: The data set that it reads, or "".
    dataset: str = ""
    #: Where its end is to be told, or "".
    webhook: str = ""
    #: The id of the internal job that will tell it, or "".
    webhook_delivery: str = ""
    #: The URL of the service as the client reached it, or "".
    base_url: str = ""
    #: The channel on which its end is told to who waits for it, or "".
    ending: str = ""
    #: The request that it came with, as the log knows it, or "".
    request_id: str = ""
    #: The span of that request, as a ``traceparent`` (W3C Trace Context), or "".
    trace: str = ""


def resubmission(job: Job, *, packed: bytes, request_id: str = "", trace: str = "") -> Submission:
    """A new job with the input (``packed``) and the options of this one, for the request of this id and span."""
    return Submission(
        id=new_id(),
        analysis=job.analysis,
        analysis_version=job.analysis_version,
        input=packed,
        caller=job.caller,
        priority=job.priority,
        label=job.label,
        seed=job.seed,
        timeout=job.timeout,
        expires_in=job.expires_in,
        max_attempts=job.max_attempts,
        retry_of=job.id,
        dataset=job.dataset,
        webhook=job.webhook,
        webhook_delivery=new_id() if job.webhook else "",
        base_url=job.base_url,
        request_id=request_id,
        trace=trace,
    )


def fields_of(submission: Submission, *, blob: str, batch: str) -> list[str | int | float]:
    """The fields that a record begins with, as name, value, …; ``blob`` is the file of its input, or "".

    A text that is empty has no field.
    """
    fields: dict[str, str | int | float | None] = {
        "analysis": submission.analysis,
        "analysis_version": submission.analysis_version,
        "priority": submission.priority,
        "label": submission.label,
        "seed": submission.seed,
        "timeout": submission.timeout,
        "max_attempts": submission.max_attempts,
        "expires_in": submission.expires_in,
        "retry_of": submission.retry_of,
        "batch": batch,
        "data_blob": blob,
        "dataset": submission.dataset,
        "webhook": submission.webhook,
        "webhook_delivery": submission.webhook_delivery,
        "base_url": submission.base_url,
        "ending": submission.ending,
        "request_id": submission.request_id,
        "trace": submission.trace,
    }
    return [part for name, value in fields.items() if value not in ("", None) for part in (name, value)]


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What the store says of a job that it has accepted."""

    #: When, Unix time in milliseconds of Redis' clock.
    created: int
    #: Its place among ``STEPS``.
    step: int
    #: How many jobs are taken before it.
    position: int


def just_accepted(submission: Submission, receipt: Receipt, *, blob: str, batch: str) -> Job:
    """The job as it is right after it was accepted, without reading it back."""
    return Job(
        id=submission.id,
        analysis=submission.analysis,
        analysis_version=submission.analysis_version,
        status=JobStatus.QUEUED,
        caller=submission.caller,
        priority=submission.priority,
        label=submission.label,
        seed=submission.seed,
        timeout=submission.timeout,
        expires_in=submission.expires_in,
        retry_of=submission.retry_of,
        batch=batch,
        dataset=submission.dataset,
        webhook=submission.webhook,
        webhook_delivery=submission.webhook_delivery,
        base_url=submission.base_url,
        step=receipt.step,
        attempt=1,
        max_attempts=submission.max_attempts,
        fence=0,
        created=receipt.created,
        updated=receipt.created,
        started=None,
        finished=None,
        expires=None,
        progress=None,
        stage="",
        message="",
        queue_position=receipt.position,
        failure=None,
        metrics=None,
        etag="",
        data_blob=blob,
        result_blob="",
        attached=(),
        events=1,
        worker="",
        request_id=submission.request_id,
        trace=submission.trace,
    )


def job_of(job_id: str, flat: Sequence[bytes], *, position: int | None = None) -> Job:
    """The job that these fields (name, value, …) of its record tell of."""
    record = {name: value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)}
    return _job(job_id, record, position=position)


def ended_job(told: bytes) -> tuple[Job, bytes | None]:
    """The job that the scripts tell of to whoever waits for its end, and its result, None where that is not told."""
    job_id, flat, *result = orjson.loads(told)
    record = {name.encode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
    return _job(job_id, record, position=None), result[0].encode() if result else None


def _job(job_id: str, record: Mapping[bytes, str], *, position: int | None) -> Job:
    return Job(
        id=job_id,
        analysis=record[b"analysis"],
        analysis_version=record[b"analysis_version"],
        status=JobStatus(record[b"status"]),
        caller=record[b"caller"],
        priority=Priority(record[b"priority"]),
        label=record.get(b"label", ""),
        seed=int(record[b"seed"]),
        timeout=float(record[b"timeout"]),
        expires_in=float(record[b"expires_in"]) if record.get(b"expires_in") else None,
        retry_of=record.get(b"retry_of", ""),
        batch=record.get(b"batch", ""),
        dataset=record.get(b"dataset", ""),
        webhook=record.get(b"webhook", ""),
        webhook_delivery=record.get(b"webhook_delivery", ""),
        base_url=record.get(b"base_url", ""),
        step=int(record[b"step"]),
        attempt=int(record[b"attempt"]),
        max_attempts=int(record[b"max_attempts"]),
        fence=int(record[b"fence"]),
        created=int(record[b"created"]),
        updated=int(record[b"updated"]),
        started=_moment(record, b"started"),
        finished=_moment(record, b"finished"),
        expires=_moment(record, b"expires"),
        progress=float(record[b"progress"]) if record.get(b"progress") else None,
        stage=record.get(b"stage", ""),
        message=record.get(b"message", ""),
        queue_position=position,
        failure=_failure(record),
        metrics=Metrics(**orjson.loads(record[b"metrics"])) if record.get(b"metrics") else None,
        etag=record.get(b"etag", ""),
        data_blob=record.get(b"data_blob", ""),
        result_blob=record.get(b"result_blob", ""),
        attached=_attached(record.get(b"attached", "")),
        events=int(record[b"events"]),
        worker=record.get(b"worker", ""),
        request_id=record.get(b"request_id", ""),
        trace=record.get(b"trace", ""),
    )


def _moment(record: Mapping[bytes, str], name: bytes) -> int | None:
    return int(record[name]) if name in record else None


def _attached(written: str) -> tuple[Attachment, ...]:
    return tuple(Attachment(**each) for each in orjson.loads(written)) if written else ()


def _failure(record: Mapping[bytes, str]) -> Failure | None:
    if b"cause" not in record:
        return None
    return Failure(cause=Cause(record[b"cause"]), message=record[b"error"])
