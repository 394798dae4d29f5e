"""Celery's pool of processes, but jobs reach them sooner.

Celery notes a job, has the event loop ask which pipes could be written to, and writes in the next turn: here it is
written to an idle process at once. And Celery sends the whole message, to be read and traced as a task in the process;
here it gets the id of the job, for the store has the rest.
"""

from collections.abc import Callable, Sequence
from typing import cast

from celery.app.trace import fast_trace_task, trace_task_ret
from celery.concurrency.prefork import TaskPool
from kombu.asynchronous import Hub

from worker.celery_exits import WatchfulPool
from worker.celery_run import run_job


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

    def flush(self) -> None:
        """Celery calls it when its connection closes, and forgets the jobs that no process has accepted.

        Those that are written to a process already run all the same: forgotten, they would have nobody who renews their
        lease or ends them.
        """
        written = {
            number: job for number, job in self._cache.items() if job._write_to is not None and not job._accepted
        }
        super().flush()
        self._cache.update(written)


class PromptTaskPool(TaskPool):  # type: ignore[misc]
    """The pool as a worker has it."""

    Pool = PromptPool

    def apply_async(
        self, target: Callable[..., object], args: Sequence[object] = (), kwargs: object = None, **options: object
    ) -> object:
        """Celery calls it with what traces a task; the id is the second of its arguments."""
        if target not in (fast_trace_task, trace_task_ret):
            raise TypeError(f"Celery runs tasks by another function than this pool knows: {target}")
        return super().apply_async(run_job, (args[1],), {}, **options)
