"""What can go wrong with jobs; none of these errors knows HTTP."""


class JobsError(Exception):
    """Root of the errors of this package."""


class SettingsError(JobsError):
    """A setting has a value that can't be used; its text is one line for the operator."""


class StoreUnavailable(JobsError):
    """Redis can't be reached or can't write now; nothing was changed that the caller was told of."""


class NoSuchJob(JobsError):
    """No record of this job: never submitted, purged, or long expired."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"There is no job {job_id}.")
        self.job_id = job_id


class SubmissionRefused(JobsError):
    """Jobs can't be taken; nothing of the request was kept."""


class IdempotencyKeyReused(SubmissionRefused):
    """Another request came with the same Idempotency-Key."""


class RateLimited(SubmissionRefused):
    """The caller submits faster than it may."""

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("You submit jobs faster than you may.")
        #: Seconds until there is room.
        self.retry_after = retry_after


class TooManyActive(SubmissionRefused):
    """The caller has as many jobs queued and running as it may."""

    def __init__(self, *, active: int, limit: int) -> None:
        super().__init__(f"You have {active} jobs queued or running; at most {limit} are taken.")
        self.active = active
        self.limit = limit


class TooManyAtOnce(SubmissionRefused):
    """More jobs were asked for at once than may ever be there; waiting does not help."""

    def __init__(self, *, number: int, limit: int) -> None:
        super().__init__(f"{number} jobs are more than can be taken at once; at most {limit} are.")
        self.number = number
        self.limit = limit


class QueueFull(SubmissionRefused):
    """As many jobs of all callers are queued as the service takes."""

    def __init__(self, *, queued: int, limit: int) -> None:
        super().__init__(f"{queued} jobs are queued; at most {limit} are taken.")
        self.queued = queued
        self.limit = limit


class DatasetGone(SubmissionRefused):
    """A data set that a job needs is not there (any more), or can't be used."""

    def __init__(self, dataset: str, *, why: str = "") -> None:
        super().__init__(f"There is no usable data set {dataset}. {why}".strip())
        self.dataset = dataset


class NoSuchDataset(JobsError):
    """No data set has this id: never taken in, deleted, or expired."""

    def __init__(self, dataset: str) -> None:
        super().__init__(f"There is no data set {dataset}.")
        self.dataset = dataset


class JobNotFinal(JobsError):
    """Only what has ended can be purged."""

    def __init__(self, job_id: str, *, status: str) -> None:
        super().__init__(f"The job {job_id} is {status}.")
        self.job_id = job_id
        self.status = status


class NoSuchBatch(JobsError):
    """No batch has this id, or it has expired."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"There is no batch {batch_id}.")
        self.batch_id = batch_id


class ClaimRefused(JobsError):
    """The job is not there to be claimed; somebody else has it or it is final."""

    def __init__(self, job_id: str, *, reason: str) -> None:
        super().__init__(f"The job {job_id} can't be claimed: {reason}.")
        self.job_id = job_id
        #: ``missing``, or the status that the job has.
        self.reason = reason


class LeaseLost(JobsError):
    """The job is no longer held by whoever asked; what they computed does not count."""

    def __init__(self, job_id: str, *, reason: str) -> None:
        super().__init__(f"The job {job_id} is held no longer: {reason}.")
        self.job_id = job_id
        #: ``missing``, ``fenced``, or the status that the job has.
        self.reason = reason


class StorageError(JobsError):
    """The blob store could not read or write."""


class BlobMissing(StorageError):
    """The blob store has no such file."""
