"""A job as it should be, and the durations that decide it, as minutes.

Every duration ends half a minute past while time passes by whole minutes: so nothing is ever just about to happen, and
a slow machine changes nothing.
"""

from dataclasses import dataclass, field

from jobs import store
from jobs.job import MOVES, Cause, JobStatus
from jobs.record import Submission
from jobs.settings import Settings

LEASE = 2.5
KILL_GRACE = 0.5
RESEND_AFTER = 1.5
EXPIRES_IN = 3.5
TIMEOUT = 1.5
#: How long a run that failed for now is put off.
DELAY = 1.5
RESULT_TTL = 20.5
TOMBSTONE_TTL = 10.0
#: How long a file is kept that no move has made a job's own.
UNCLAIMED_FILE = store.UNCLAIMED_FILE / 60_000
#: Queued jobs of a caller from which the next goes to the second and to the third step.
FEW, MANY = 1, 3
#: Whose jobs they are.
CALLERS = ("ada", "bob", "anonymous")
#: Inputs and results above it lie in the blob store, bytes.
INLINE_LIMIT = 100


def settings_of(redis_url: str, namespace: str) -> Settings:
    """Settings with these durations; the blob store is in memory."""
    return Settings(
        redis_url=redis_url,
        namespace=namespace,
        blob_url=f"memory://{namespace}",
        inline_limit=INLINE_LIMIT,
        few_queued=FEW,
        many_queued=MANY,
        lease=60 * LEASE,
        kill_grace=60 * KILL_GRACE,
        resend_after=60 * RESEND_AFTER,
        result_ttl=60 * RESULT_TTL,
        tombstone_ttl=60 * TOMBSTONE_TTL,
    )


@dataclass
class Expected:
    """A job as it should be now."""

    submission: Submission
    step: int
    created: float
    #: File of its input, or "".
    data_blob: str
    #: When its wait for the first start ends.
    wait: float | None
    status: JobStatus = JobStatus.QUEUED
    #: The statuses that its followers are told.
    told: list[JobStatus] = field(default_factory=lambda: [JobStatus.QUEUED])
    attempt: int = 1
    fence: int = 0
    holder: str = ""
    #: When it was enqueued, while it is in a lane.
    enqueued: float | None = None
    #: Grows with each enqueuing of any job.
    turn: int = 0
    due: float | None = None
    lease: float | None = None
    started: float | None = None
    stop_asked: float | None = None
    finish_asked: bool = False
    ended: float | None = None
    cause: Cause | None = None
    result: bytes | None = None
    result_blob: str = ""

    @property
    def is_held(self) -> bool:
        return self.status in (JobStatus.RUNNING, JobStatus.CANCELING)

    def move(self, to: JobStatus) -> None:
        assert to in MOVES[self.status], f"{self.status} → {to}"
        self.status = to
        self.told.append(to)

    def leave_queue(self) -> None:
        self.enqueued = self.due = self.wait = None

    def leave_worker(self) -> None:
        self.holder, self.lease, self.stop_asked = "", None, None
