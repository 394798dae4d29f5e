"""What a Celery worker does with a message that it has taken: the run begins first, and the books are kept meanwhile.

Source: https://docs.celeryq.dev/en/stable/internals/reference/celery.worker.strategy.html
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from celery.worker.strategy import default
from kombu.message import Message

if TYPE_CHECKING:
    from celery import Celery, Task
    from celery.worker.consumer import Consumer


def prompt(task: "Task", app: "Celery", consumer: "Consumer") -> Callable[..., object]:
    """Makes what Celery calls with each message of a task: it hands the job to an idle process, and goes on as usual.

    What Celery does as usual, from reading the message to accepting its job, takes longer than to wake the process.
    """
    usual = default(task, app, consumer)
    pool = consumer.pool

    def handle(message: Message, *arguments: object) -> object:
        pool.write_ahead(message.headers["id"])
        return usual(message, *arguments)

    return handle
