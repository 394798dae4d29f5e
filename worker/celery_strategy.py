"""What a Celery worker does with a message that it has taken: the run begins first, and the books are kept meanwhile.

Source: https://docs.celeryq.dev/en/stable/internals/reference/celery.worker.strategy.html
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from celery.worker.strategy import default
from kombu.message import Message

from worker.crew import Run

if TYPE_CHECKING:
    from celery import Celery, Task
    from celery.worker.consumer import Consumer

log = structlog.get_logger(__name__)

#: How long the ids of jobs are: UUIDs, with hyphens.
ID_LENGTH = 36


def prompt(task: "Task", app: "Celery", consumer: "Consumer") -> Callable[..., object]:
    """Makes what Celery calls with each message of a task: it hands the job to an idle process, and goes on as usual.

    What Celery does as usual, from reading the message to accepting its job, takes longer than to wake the process.
    """
    usual = default(task, app, consumer)

    def handle(message: Message, *arguments: object) -> object:
        processes = consumer.pool.processes
        if _runs_at_once(message):
            processes.write_ahead(message.headers["id"])
        try:
            return usual(message, *arguments)
        finally:
            unjoined = processes.end_unjoined()
            if unjoined is not None:
                log.error("job.not_supervised", job=unjoined[0], pid=unjoined[1])
                task.app.supervisor.report_lost(Run(*unjoined))

    return handle


def _runs_at_once(message: Message) -> bool:
    """Whether Celery has no reason to wait with this message, or to refuse it; messages of this service give none.

    An id that is longer than ours might not go into a pipe at once.
    """
    said = message.headers
    job_id = said.get("id")
    is_ours = isinstance(job_id, str) and len(job_id) == ID_LENGTH
    return is_ours and said.get("eta") is None and said.get("expires") is None
