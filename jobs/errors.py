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
