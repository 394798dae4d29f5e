"""Celery's messages by way of RabbitMQ: the scripts hand them over in Redis, and any process brings them on.

The message is the one that ``Celery.send_task`` publishes there; a contract test compares the two.
Source: https://docs.celeryq.dev/en/stable/internals/protocol.html#version-2
"""

import threading
import time
from collections.abc import Sequence

import structlog
from amqp import Message  # type: ignore[import-untyped]
from redis import Redis

from jobs.broker_url import BrokerUrl
from jobs.connection import reaching_redis
from jobs.job import STEPS
from jobs.queues import Waiting
from jobs.queues.celery import BODY, CeleryQueue
from jobs.queues.handover import MOST, Handed, Handover
from jobs.queues.rabbitmq import BrokerUnavailable, Mailbox, priority_of
from jobs.scripts import Scripts

log = structlog.get_logger(__name__)

#: How long one call brings on messages at most while ever more of them come, seconds; the next call goes on.
ENOUGH = 0.5


class AmqpQueue:
    """Messages for the Celery workers that consume this service's queue at RabbitMQ."""

    def __init__(self, url: BrokerUrl, namespace: str, redis: Redis, scripts: Scripts) -> None:
        self._redis = redis
        self._handover = Handover(namespace, redis, scripts)
        self._celery = CeleryQueue(namespace)
        self._mailbox = Mailbox(url, namespace)
        #: Held by whoever uses the mailbox.
        self._busy = threading.Lock()
        #: Whether there is something to bring on that its holder may not have seen.
        self._wanted = False

    def key(self, step: int) -> str:
        """The hand-over list of the step."""
        return self._handover.key(step)

    def message(self, job_id: str, *, analysis: str) -> tuple[bytes, bytes]:
        """What RabbitMQ is to be told, before and after the number of the step."""
        return self._handover.message(job_id, analysis=analysis)

    def job_id(self, message: bytes) -> str:
        """The job of a message in a hand-over list."""
        return self._handover.job_id(message)

    def forward(self) -> None:
        """Publishes what was handed over. Where another thread is at it, that one does it too.

        It takes no longer than about a second: a connection that has died in silence is noticed before anything is
        taken, and another one is made. Without RabbitMQ nothing is taken, and a later call or another process brings it
        on.

        Raises:
            StoreUnavailable: Redis can't say now what there is.

        """
        self._wanted = True
        ends = time.monotonic() + ENOUGH
        while self._wanted and time.monotonic() < ends and self._busy.acquire(blocking=False):
            try:
                self._wanted = False
                self._bring_on()
            except BrokerUnavailable:
                return
            finally:
                self._busy.release()

    def waiting(self, redis: Redis) -> list[Waiting | None]:
        """Where nothing waits at RabbitMQ, what is to be handed over next; else it can't be told.

        A queue at RabbitMQ can't be looked into. So a job that has lost its message is found once the queue is empty.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        if not self._is_empty():
            return [None for _ in STEPS]
        with reaching_redis(), redis.pipeline(transaction=False) as pipeline:
            for step in STEPS:
                pipeline.lindex(self.key(step), -1)
            handed = pipeline.execute()
        return [
            Waiting(self.key(step), self.job_id(message) if message else "")
            for step, message in zip(STEPS, handed, strict=True)
        ]

    def close(self) -> None:
        """Lets the connection to RabbitMQ go; the next call makes another one."""
        with self._busy:
            self._mailbox.close()

    def _is_empty(self) -> bool:
        if not self._busy.acquire(blocking=False):
            return False
        try:
            return self._mailbox.waiting() == 0
        except BrokerUnavailable:
            return False
        finally:
            self._busy.release()

    def _bring_on(self) -> None:
        # Before anything is taken: it would be in hand for nothing.
        self._mailbox.reach()
        handed = self._handover.take()
        if not handed:
            return
        self._mailbox.publish([self._written(each) for each in handed])
        self._forget(handed)
        self._wanted = self._wanted or len(handed) >= MOST

    def _forget(self, handed: Sequence[Handed]) -> None:
        with reaching_redis(), self._redis.pipeline(transaction=False) as pipeline:
            self._handover.done(handed, pipeline=pipeline)
            pipeline.execute()

    def _written(self, handed: Handed) -> Message:
        """As Celery writes it."""
        return Message(
            BODY,
            content_type="application/json",
            content_encoding="utf-8",
            application_headers=self._celery.headers(handed.job_id, handed.analysis),
            correlation_id=handed.job_id,
            reply_to="",
            delivery_mode=2,
            priority=priority_of(handed.step),
        )
