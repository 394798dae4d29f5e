"""The queue engines as couriers of job ids: where a message goes in Redis, and what it looks like."""

from typing import TYPE_CHECKING, NamedTuple, Protocol

from redis import Redis

from jobs.broker_url import parse_broker_url
from jobs.job import Job

if TYPE_CHECKING:
    from jobs.scripts import Scripts
    from jobs.settings import Settings


class Waiting(NamedTuple):
    """What waits in the engine at one step, first in, first out."""

    #: The Redis list that it waits in.
    key: str
    #: The job whose message is taken next; "" where there is none, or none of ours.
    next_id: str


class Queue(Protocol):
    """An engine whose messages the scripts push themselves, in the same move that changes the job.

    The lists that they push to are the engine's own, or hand-over lists (``jobs.queues.handover``) where only code can
    write the engine's messages.
    """

    def key(self, step: int) -> str:
        """The Redis list that the scripts push to at the left; what is at the right goes first, a lower step before."""
        ...

    def message(self, job_id: str, *, analysis: str) -> tuple[bytes, bytes]:
        """What brings this job to a worker, before and after the number of its step: the script knows that number."""
        ...

    def job_id(self, message: bytes) -> str:
        """The job that a message brings; "" for one that is none of ours."""
        ...

    def forward(self) -> None:
        """Brings on what the scripts could only hand over; nothing where the lists are the engine's own.

        At least once, and nothing is lost if the process dies in the midst: the next call brings on the rest.

        Raises:
            StoreUnavailable: Redis can't say now what there is.

        """
        ...

    def waiting(self, redis: Redis) -> list[Waiting | None]:
        """What waits at each step, so that the sweep finds jobs that have lost their message; None: it can't be told.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        ...


def open_queue(settings: "Settings", redis: Redis, scripts: "Scripts") -> Queue:
    """The queue of the engine and the broker that the settings name."""
    if settings.engine == "rq":
        from jobs.queues.rq import RqQueue

        return RqQueue(settings.namespace, redis, scripts)
    if (broker := parse_broker_url(settings.broker_url)) is not None:
        from jobs.queues.amqp import AmqpQueue

        return AmqpQueue(broker, settings.namespace, redis, scripts)
    from jobs.queues.celery import CeleryQueue

    return CeleryQueue(settings.namespace)


def whole_message(queue: Queue, job: Job) -> bytes:
    """The message of a job whose step is known."""
    before, after = queue.message(job.id, analysis=job.analysis)
    return before + str(job.step).encode() + after
