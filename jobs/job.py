"""The job: its statuses, the moves that are legal between them, and the record as it is read from the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Literal
from uuid import UUID

from uuid6 import uuid7


class JobStatus(StrEnum):
    """Where a job stands; the same words in URLs, JSON, Redis and logs."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELING = "canceling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


#: From each status, where a job may go next. The Lua scripts obey it and a test derives every illegal move from it.
#: A job that is canceling can only end canceled: whoever was told "canceling" never finds another end.
MOVES: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.CANCELED, JobStatus.FAILED}),
    JobStatus.RUNNING: frozenset({JobStatus.QUEUED, JobStatus.CANCELING, JobStatus.SUCCEEDED, JobStatus.FAILED}),
    JobStatus.CANCELING: frozenset({JobStatus.CANCELED}),
    JobStatus.SUCCEEDED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELED: frozenset(),
}

#: Statuses that no move leaves.
FINAL = frozenset(status for status, following in MOVES.items() if not following)


class Priority(StrEnum):
    """How early a job is taken from the queue."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


#: The steps of the queue; a worker takes from the lowest that has a job.
STEPS = range(9)

#: How many steps each priority has: who has many jobs waiting goes to a later one.
STEPS_A_PRIORITY = 3


@cache
def steps_of(priority: Priority) -> range:
    """The steps that jobs of this priority can go to, the first taken first."""
    first = list(Priority).index(priority) * STEPS_A_PRIORITY
    return range(first, first + STEPS_A_PRIORITY)


class Cause(StrEnum):
    """Why a job failed."""

    #: The analysis refused its input; its text is meant for the client.
    REJECTED = "rejected"
    #: The analysis raised something else; the traceback is in the log.
    CRASHED = "crashed"
    #: It ran longer than its ``timeout``.
    TIMEOUT = "timeout"
    #: Its worker died, as often as the job may be tried.
    WORKER_LOST = "worker_lost"
    #: It needed more memory than there is.
    OUT_OF_MEMORY = "out_of_memory"
    #: It waited in the queue longer than its ``expires_in``.
    EXPIRED = "expired"
    #: Its result can't be written as JSON.
    RESULT_INVALID = "result_invalid"
    #: Its result is larger than the limit.
    RESULT_TOO_LARGE = "result_too_large"
    #: Its input or its result could not be read from or written to the blob store.
    STORAGE = "storage"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a job failed, as its record keeps it."""

    #: The kind of failure.
    cause: Cause
    #: One sentence for the client.
    message: str


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What a run took."""

    #: Wall-clock time of the run, seconds.
    wall: float
    #: CPU time of the run, user and system, seconds.
    cpu: float
    #: Highest resident memory of the process that ran it, bytes.
    peak_memory: int


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """What a run attached to its result: a figure or a file."""

    kind: Literal["figure", "file"]
    #: Unique among the attachments of its kind of one job.
    name: str
    #: What it shows, for people, or "".
    title: str
    media_type: str
    #: Bytes.
    size: int
    #: Its file in the blob store.
    blob: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as the store told it at one moment. Times are Unix times in milliseconds of Redis' clock."""

    #: UUIDv7, so ids sort by their time.
    id: str
    #: Name of the analysis.
    analysis: str
    #: Version that the analysis declared when the job was submitted.
    analysis_version: str
    status: JobStatus
    #: Who submitted it.
    caller: str
    priority: Priority
    #: Free text of the client, or "".
    label: str
    #: Seed for everything random in the analysis.
    seed: int
    #: Longest run, seconds.
    timeout: float
    #: Longest wait in the queue, seconds; None: for ever.
    expires_in: float | None
    #: The job whose input it runs again, or "".
    retry_of: str
    #: The batch that it belongs to, or "".
    batch: str
    #: The data set that it reads, or "".
    dataset: str
    #: Where its end is told, or "".
    webhook: str
    #: The id of the internal job that tells it, or "".
    webhook_delivery: str
    #: The URL of the service as its client reached it when it submitted the job, or "".
    base_url: str
    #: Its place among ``STEPS``.
    step: int
    #: Which attempt this is or will be; from 1.
    attempt: int
    #: How many attempts it has at most.
    max_attempts: int
    #: Count of claims, the fencing token: who holds an older one has lost the job.
    fence: int
    #: When it was accepted.
    created: int
    #: Last change of the record.
    updated: int
    #: Start of the running or last run.
    started: int | None
    #: When it became final.
    finished: int | None
    #: When its result goes; set once it is final.
    expires: int | None
    #: Share done, percent; None where the analysis has said nothing.
    progress: float | None
    #: What the analysis says that it is doing.
    stage: str
    #: Last line that the analysis logged.
    message: str
    #: How many jobs are taken before it; None unless queued.
    queue_position: int | None
    failure: Failure | None
    metrics: Metrics | None
    #: Strong entity tag of the result, without quotes.
    etag: str
    #: The file of its input in the blob store, or "".
    data_blob: str
    #: The file of its result in the blob store, or "".
    result_blob: str
    #: What its run attached to the result.
    attached: tuple[Attachment, ...]
    #: How many events it has had.
    events: int
    #: The worker process that holds it, or "".
    worker: str
    #: The request that submitted it, as the log knows it, or "".
    request_id: str = ""
    #: The span of that request, as a ``traceparent`` (W3C Trace Context), or "".
    trace: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in FINAL


#: What every id looks like, as JSON Schema says it.
ID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

#: And how long it is.
ID_LENGTH = 36


def new_id() -> str:
    """A fresh job id: UUIDv7 (RFC 9562), so that ids sort by their time."""
    return str(uuid7())


def is_id(text: str) -> bool:
    """Whether this text can be a job id, in the one spelling that :func:`new_id` uses."""
    try:
        found = UUID(text)
    except ValueError:
        return False
    return found.version == 7 and str(found) == text
