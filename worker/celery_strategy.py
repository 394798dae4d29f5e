"""What a Celery worker does with a message that it has taken: the run begins first, and the books are kept meanwhile.

What Celery and kombu do as usual, from reading the message to accepting its job, takes longer than to wake a process.
Over Redis the job is handed over as soon as the reply with its message is read (``HeadStart``), over RabbitMQ when
Celery asks what to do with the message (``prompt``). Both end the run of a message that Celery doesn't come to after
all.

Source: https://docs.celeryq.dev/en/stable/internals/reference/celery.worker.strategy.html
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import orjson
import structlog
from celery import bootsteps
from celery.worker.strategy import default
from kombu.message import Message

from jobs.job import ID_LENGTH
from worker.crew import Run

if TYPE_CHECKING:
    from celery import Celery, Task
    from celery.worker.consumer import Consumer

    from worker.celery_pool import PromptPool
    from worker.supervisor import Supervisor

log = structlog.get_logger(__name__)


def prompt(task: "Task", app: "Celery", consumer: "Consumer") -> Callable[..., object]:
    """Makes what Celery calls with each message of a task: it hands the job to an idle process, unless that was done,
    and goes on as usual.
    """
    usual = default(task, app, consumer)

    def handle(message: Message, *arguments: object) -> object:
        # None where a cold stop has ended it, in a signal's handler.
        processes: PromptPool | None = consumer.pool.processes
        if processes is not None and runs_at_once(message.headers) and not processes.is_ahead(message.headers["id"]):
            processes.write_ahead(message.headers["id"])
        try:
            return usual(message, *arguments)
        finally:
            if processes is not None:
                end_unjoined(processes, task.app.supervisor)

    return handle


def runs_at_once(headers: Mapping[str, object]) -> bool:
    """Whether Celery has no reason to wait with this message, or to refuse it; messages of this service give none.

    An id that is longer than ours might not go into a pipe at once.
    """
    job_id = headers.get("id")
    is_ours = isinstance(job_id, str) and len(job_id) == ID_LENGTH
    return is_ours and headers.get("eta") is None and headers.get("expires") is None


def end_unjoined(processes: "PromptPool", supervisor: "Supervisor") -> None:
    """Ends the run that was handed over ahead, if Celery has not come to its message: nobody would supervise it."""
    unjoined = processes.end_unjoined()
    if unjoined is not None:
        log.error("job.not_supervised", job=unjoined[0], pid=unjoined[1])
        supervisor.report_lost(Run(*unjoined))


class HeadStart(bootsteps.StartStopStep):  # type: ignore[misc]
    """Hands jobs to idle processes before kombu reads their messages, which it has just popped from Redis."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    #: Whether Celery consumes. Once it does no more, kombu closes its channel, reads one more reply, and puts that
    #: message back.
    _consumes = False

    def start(self, parent: "Consumer") -> None:
        """Celery calls it once it consumes, and again after each loss of the connection."""
        self._consumer, self._consumes = parent, True
        # redis-py calls it with each reply.
        parent.task_consumer.channel.client.set_response_callback("BRPOP", self._look)
        parent.hub.on_tick.add(self._end_unjoined)

    def stop(self, parent: "Consumer") -> None:
        """Celery calls it when it has lost the connection, or stops."""
        parent.hub.on_tick.discard(self._end_unjoined)
        try:
            self._end_unjoined()
        finally:
            self._consumes = False

    def _look(self, reply: list[bytes] | None, **_: object) -> list[bytes] | None:
        processes = self._processes
        if reply and processes is not None:
            self._end_unjoined()
            try:
                headers = orjson.loads(reply[1])["headers"]
                if headers["task"] in self._consumer.strategies and runs_at_once(headers):
                    processes.write_ahead(headers["id"])
            except (ValueError, LookupError, TypeError, AttributeError):
                # No message of ours: kombu says what is wrong with it.
                log.debug("message.not_read_ahead")
        return reply

    def _end_unjoined(self) -> None:
        processes = self._processes
        if processes is not None:
            end_unjoined(processes, self._consumer.app.supervisor)

    @property
    def _processes(self) -> "PromptPool | None":
        """The pool, as long as its messages come here; a cold stop ends it in a signal's handler, amid anything."""
        if not self._consumes:
            return None
        processes: PromptPool | None = self._consumer.pool.processes
        return processes
