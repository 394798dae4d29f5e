"""The queue engines as couriers of job ids: where a message goes in Redis, and what it looks like."""

from typing import Protocol

from jobs.job import Job


class Queue(Protocol):
    """An engine whose messages the scripts push themselves, in the same move that changes the job."""

    def key(self, step: int) -> str:
        """The Redis list that the engine's workers pop at the right, those of a lower step first."""
        ...

    def message(self, job_id: str, *, analysis: str) -> tuple[bytes, bytes]:
        """What brings this job to a worker, before and after the number of its step: the script knows that number."""
        ...

    def job_id(self, message: bytes) -> str:
        """The job that a message brings; "" for one that is none of ours."""
        ...


def whole_message(queue: Queue, job: Job) -> bytes:
    """The message of a job whose step is known."""
    before, after = queue.message(job.id, analysis=job.analysis)
    return before + str(job.step).encode() + after
