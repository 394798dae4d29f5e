"""Celery's pool of processes, but a job is written to an idle process at once.

Celery notes it, has the event loop ask which pipes could be written to, and writes in the next turn; between an idle
worker's message and its run that is the longest wait.
"""

from collections.abc import Callable
from typing import cast

from celery.concurrency.prefork import TaskPool
from kombu.asynchronous import Hub

from worker.celery_exits import WatchfulPool


class PromptPool(WatchfulPool):
    """The pool inside."""

    #: What Celery calls with a job for the processes.
    _quick_put: object

    def _create_write_handlers(self, hub: Hub, *arguments: object, **options: object) -> None:
        """Celery calls it whenever its event loop begins; it sets what writes jobs."""
        super()._create_write_handlers(hub, *arguments, **options)
        note = cast("Callable[[object], None]", self._quick_put)
        write = cast("Callable[[list[int]], None]", hub.consolidate_callback)

        def write_at_once(job: object) -> None:
            note(job)
            # As the loop would with the pipes that it found writable; pipes of busy processes are left out.
            write([fd for fd in self._all_inqueues if fd not in self._busy_workers][:1])

        self._quick_put = write_at_once


class PromptTaskPool(TaskPool):  # type: ignore[misc]
    """The pool as a worker has it."""

    Pool = PromptPool
