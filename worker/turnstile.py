"""Celery takes a message from RabbitMQ only when a process is free for it.

Celery's own word for that, ``worker_disable_prefetch``, holds for Redis alone. Elsewhere a worker holds more messages
than it runs, as many as its prefetch count says; those wait behind its jobs, though another worker were idle.
"""

from typing import TYPE_CHECKING

from celery import bootsteps
from celery.worker import state

if TYPE_CHECKING:
    from celery.worker.consumer import Consumer


class Turnstile(bootsteps.StartStopStep):  # type: ignore[misc]
    """Stops consuming with the message that takes the last free process, and goes on when one is free again.

    RabbitMQ sends the next message when it has got the acknowledgement of the last one. That is sent two turns of the
    event loop after its delivery (``worker.celery_crew``); consuming stops in the one between.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, parent: "Consumer") -> None:
        """Celery calls it once it consumes, and again after each loss of the connection."""
        parent.qos.value = 1
        parent.qos.update()
        self._consumer = parent
        self._open = True
        parent.hub.on_tick.add(self._look)

    def stop(self, parent: "Consumer") -> None:
        """Celery calls it when it has lost the connection, or stops."""
        parent.hub.on_tick.discard(self._look)

    def _look(self) -> None:
        # A stopping worker consumes no longer, and its own code says so.
        if state.should_stop is not None or state.should_terminate is not None:
            return
        is_free = len(state.reserved_requests) < self._consumer.pool.num_processes
        if is_free == self._open:
            return
        self._open = is_free
        if is_free:
            self._consumer.task_consumer.consume()
        else:
            self._consumer.task_consumer.cancel()
