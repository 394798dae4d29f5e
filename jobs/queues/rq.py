"""RQ as courier: a job of RQ's for each of ours, in queues named after the priorities; written by RQ's own code.

RQ runs nothing by what it is told here: its worker (``worker.rq_worker``) takes the id, and the store has the rest.
Source: https://python-rq.org/docs/
"""

from functools import cache

from redis import Redis
from rq import Queue as Engine
from rq.job import Job as Message
from rq.serializers import JSONSerializer

from jobs.connection import reaching_redis
from jobs.job import STEPS, STEPS_A_PRIORITY, Priority
from jobs.queues import Waiting
from jobs.queues.handover import MOST, Handed, Handover
from jobs.scripts import Scripts

#: How long RQ remembers a job that it takes for failed, seconds: of a worker that is gone, say. The store knows better.
FAILURE_TTL = 3600

#: How long RQ knows what a queued job is called, seconds; then its id still is in the queue, and that is enough.
QUEUED_TTL = 30 * 24 * 3600


def queue_name(namespace: str, step: int) -> str:
    """RQ's name of the queue of a step: ``coatcheck:high``, then ``coatcheck:high:2`` and ``coatcheck:high:3``."""
    priority, place = divmod(step, STEPS_A_PRIORITY)
    name = f"{namespace}:{list(Priority)[priority]}"
    return f"{name}:{place + 1}" if place else name


class RqQueue:
    """Messages for the RQ workers of the service with this namespace."""

    def __init__(self, namespace: str, redis: Redis, scripts: Scripts) -> None:
        self._namespace = namespace
        self._redis = redis
        self._handover = Handover(namespace, redis, scripts)
        self._engine = cache(self._open)

    def key(self, step: int) -> str:
        """The hand-over list of the step."""
        return self._handover.key(step)

    def message(self, job_id: str, *, analysis: str) -> tuple[bytes, bytes]:
        """What RQ is to be told, before and after the number of the step."""
        return self._handover.message(job_id, analysis=analysis)

    def job_id(self, message: bytes) -> str:
        """The job of a message in a hand-over list."""
        return self._handover.job_id(message)

    def forward(self) -> None:
        """Enqueues in RQ what was handed over; of each message all or nothing.

        Raises:
            StoreUnavailable: Redis can't take it now; the next call brings it on.

        """
        handed = [*self._handover.take()]
        while handed:
            with reaching_redis(), self._redis.pipeline() as pipeline:
                for each in handed:
                    self._engine(each.step).enqueue_job(self._written(each), pipeline=pipeline)
                self._handover.done(handed, pipeline=pipeline)
                pipeline.execute()
            handed = self._handover.take() if len(handed) >= MOST else []

    def waiting(self, redis: Redis) -> list[Waiting | None]:
        """What RQ takes next of each step; where it has nothing, what is to be handed over next.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        with reaching_redis(), redis.pipeline(transaction=False) as pipeline:
            for step in STEPS:
                pipeline.lindex(self._engine(step).key, 0)
                pipeline.lindex(self.key(step), -1)
            found = pipeline.execute()
        return [self._waiting(step, *found[2 * step : 2 * step + 2]) for step in STEPS]

    def _waiting(self, step: int, next_id: bytes | None, handed: bytes | None) -> Waiting:
        if next_id is not None:
            return Waiting(self._engine(step).key, next_id.decode(errors="replace"))
        return Waiting(self.key(step), self.job_id(handed) if handed else "")

    def _open(self, step: int) -> Engine:
        return Engine(queue_name(self._namespace, step), connection=self._redis, serializer=JSONSerializer)

    def _written(self, handed: Handed) -> Message:
        """The job as RQ's tools show it: under our id, named after its analysis, without limit or result of RQ's."""
        return Message.create(
            handed.analysis,
            id=handed.job_id,
            description=handed.analysis,
            timeout=-1,
            ttl=QUEUED_TTL,
            result_ttl=0,
            failure_ttl=FAILURE_TTL,
            connection=self._redis,
            serializer=JSONSerializer,
        )
