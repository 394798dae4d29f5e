"""Celery's pool of processes, but jobs reach them sooner, and with fewer words.

Celery notes a job, has the event loop ask which pipes could be written to, and writes in the next turn: here it is
written to an idle process at once. Celery sends the whole message, to be read and traced as a task in the process: here
it gets the id of the job, for the store has the rest. And Celery's processes say that they have accepted a job, which
wakes the parent while the run begins: here a job counts as accepted once it is written to its process. If the process
dies without having begun it, the supervisor finds it still queued, and it is enqueued again.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from struct import pack
from typing import cast

from billiard.pool import ACK, RUN, TASK, ApplyResult
from billiard.process import BaseProcess
from billiard.reduction import ForkingPickler
from celery.app.trace import fast_trace_task, trace_task_ret
from celery.concurrency.prefork import TaskPool
from kombu.asynchronous import Hub

from worker.celery_exits import WatchfulPool
from worker.celery_process import PromptProcess
from worker.celery_run import run_job


class Busy(set[int]):
    """The pipes of the processes that have a job. That a connection closes is no reason to forget them, as Celery does:
    a job that is written to a busy process waits behind its run, and a signal for the one could hit the other.
    """

    def clear(self) -> None:
        """Forgets nothing."""


class PromptPool(WatchfulPool):
    """The pool inside."""

    Worker = PromptProcess

    #: What Celery calls with a job for the processes, and at each turn of its event loop.
    _quick_put: object
    on_poll_start: Callable[[], None]

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self._busy_workers = Busy()
        self._mark_worker_as_available = self._busy_workers.discard
        #: Numbers of jobs that were written before Celery has numbered them; its own begin with 0.
        self._numbers = count(-1, -1)
        #: The job that was written last, if Celery has not come to it: its number here, its id, and the process.
        self._ahead: tuple[int, str, BaseProcess] | None = None

    def write_ahead(self, job_id: str) -> None:
        """Hands a job to an idle process, if there is one, before Celery comes to that by itself."""
        self._ahead = None
        free = self._all_inqueues - self._busy_workers - self._active_writes
        if not free or self.outbound_buffer or self._state != RUN:
            return
        pipe = free.pop()
        number = next(self._numbers)
        written = ForkingPickler.dumps((TASK, (number, None, run_job, (job_id,), {})))
        try:
            os.write(pipe, pack(">I", len(written)) + written)
        except OSError:
            # Celery will find out what is wrong with it.
            return
        self._busy_workers.add(pipe)
        self._ahead = number, job_id, self._fileno_to_inq[pipe]
        # The process counts its jobs, and when it ends it waits until its parent has counted as many.
        self._accept(number, self._fileno_to_inq[pipe])

    def is_ahead(self, job_id: str) -> bool:
        """Whether this is the job that was written ahead, and Celery has not come to it."""
        return self._ahead is not None and self._ahead[1] == job_id

    def end_unjoined(self) -> tuple[str, int] | None:
        """Kills the process that has the job that was written ahead, if Celery has not come to that job: nobody would
        know of its run. Returns the id of the job and that of the process.
        """
        if self._ahead is None:
            return None
        _, job_id, process = self._ahead
        # As a job of its own, with which the pool forgets the pipe: the process may have read a part of it.
        self._join(ApplyResult(self._cache, None), self._ahead)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        return job_id, process.pid

    def on_process_alive(self, pid: int) -> None:
        """Celery calls it when a process is ready for its first job."""
        super().on_process_alive(pid)
        # Its pipe may have the number of one that was busy to its end.
        self._busy_workers.difference_update(each.inqW_fd for each in self._pool if each.pid == pid)

    def _create_write_handlers(self, hub: Hub, *arguments: object, **options: object) -> None:
        """Celery calls it whenever its event loop begins; it sets what writes jobs."""
        super()._create_write_handlers(hub, *arguments, **options)
        note = cast("Callable[[object], None]", self._quick_put)
        write = cast("Callable[[list[int]], None]", hub.consolidate_callback)
        watch_pipes = self.on_poll_start
        is_watched = True

        def write_and_accept(pipes: list[int]) -> None:
            write(pipes)
            self._accept_written()

        def write_at_once(job: tuple[int, tuple[int, None, object, tuple[str], object]]) -> None:
            number, _, _, (job_id,), _ = job[1]
            if self._ahead is not None and self._ahead[1] == job_id:
                self._join(self._cache[number], self._ahead)
                return
            note(job)
            # As the loop would with the pipes that it found writable; pipes of busy processes are left out.
            write_and_accept([fd for fd in self._all_inqueues if fd not in self._busy_workers][:1])

        def watch_pipes_if_needed() -> None:
            # Otherwise Celery asks the kernel each time to forget pipes that it does not watch.
            nonlocal is_watched
            if self.outbound_buffer or is_watched:
                is_watched = bool(self.outbound_buffer)
                watch_pipes()

        self._quick_put = write_at_once
        self.on_poll_start = watch_pipes_if_needed
        hub.consolidate_callback = write_and_accept

    def _join(self, job: ApplyResult, ahead: tuple[int, str, BaseProcess]) -> None:
        """Makes this the job that was written ahead; it has the number of that one then."""
        del self._cache[job._job]
        job._job, _, process = ahead
        job._write_to = job._scheduled_for = process
        self._cache[job._job] = job
        self._ahead = None
        self._accept(job._job, process)

    def _accept_written(self) -> None:
        """Accepts what is written to a process."""
        for number, job in list(self._cache.items()):
            if job._write_to is not None and not job._accepted:
                self._accept(number, job._write_to)

    def _accept(self, number: int, process: BaseProcess) -> None:
        """Notes for a process that it has accepted a job; Celery's processes would say so themselves."""
        self._result_handler.on_state_change((ACK, (number, None, time.monotonic(), process.pid, None)))


class PromptTaskPool(TaskPool):  # type: ignore[misc]
    """The pool as a worker has it."""

    Pool = PromptPool

    @property
    def processes(self) -> PromptPool:
        """The pool inside."""
        return cast("PromptPool", self._pool)

    def apply_async(
        self, target: Callable[..., object], args: Sequence[object] = (), kwargs: object = None, **options: object
    ) -> object:
        """Celery calls it with what traces a task; the id is the second of its arguments."""
        if target not in (fast_trace_task, trace_task_ret):
            raise TypeError(f"Celery runs tasks by another function than this pool knows: {target}")
        return super().apply_async(run_job, (args[1],), {}, **options)
