"""What an analysis sees of the job that runs it; the worker implements it."""

from typing import Protocol


class Job(Protocol):
    """The handle that a function with a parameter `job` receives."""

    @property
    def id(self) -> str:
        """The job's id, a UUIDv7 in text."""

    @property
    def seed(self) -> int:
        """The seed for every random choice, so that the same input gives the same result."""

    def progress(self, fraction: float, stage: str = "") -> None:
        """Report how much is done, 0 to 1, and what is being done."""

    def log(self, message: str) -> None:
        """Tell the client one line; it is kept with the job, not in the worker's log."""

    def should_finish(self) -> bool:
        """Whether to stop at this safe point and return the best result so far."""
