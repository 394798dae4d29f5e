"""The queue engines as couriers of job ids: where a message goes in Redis, and what it looks like."""

from typing import Protocol

from jobs.job import Priority


class Queue(Protocol):
    """An engine whose messages the scripts push themselves, in the same move that changes the job."""

    def key(self, priority: Priority) -> str:
        """The Redis list that the engine's workers pop at the right."""
        ...

    def message(self, job_id: str, *, analysis: str, priority: Priority) -> bytes:
        """The bytes that bring this job to a worker."""
        ...

    def job_id(self, message: bytes) -> str:
        """The job that a message brings; "" for one that is none of ours."""
        ...
