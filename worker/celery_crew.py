"""Celery's pool as the supervisor's crew: which requests its processes run, and signals that hit just those."""

import os
import signal
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import structlog
from billiard.einfo import ExceptionInfo
from celery.exceptions import WorkerLostError
from celery.worker import state
from celery.worker.request import Request

from worker.interrupt import SIGNAL

if TYPE_CHECKING:
    from celery.worker import WorkController

log = structlog.get_logger(__name__)


class CeleryCrew:
    """The pool processes of one Celery worker.

    A process gets its next job only after the parent's event loop has read its last result. So a signal that is sent
    from that loop, while the request is still active, can't hit another job.
    """

    def __init__(self, worker: "WorkController") -> None:
        self._worker = worker

    def check(self) -> None:
        """Lets the pool notice processes that have died; by itself it may take five seconds."""
        if state.should_stop is None:
            self._worker.hub.call_soon(self._worker.pool.maintain_pool)

    def running(self) -> Collection[str]:
        """Ids of the requests that a process has accepted."""
        return [request.id for request in list(state.active_requests)]

    def ask(self, job_id: str) -> None:
        """Sends the signal that interrupts a run."""
        self._in_loop(lambda: self._signal(job_id, SIGNAL))

    def kill(self, job_id: str) -> None:
        """Kills the process; the pool starts another one."""
        self._in_loop(lambda: self._signal(job_id, signal.SIGKILL))

    def _in_loop(self, act: Callable[[], None]) -> None:
        if state.should_stop is None:
            self._worker.hub.call_soon(act)
        else:
            # The loop of a stopping worker has ended, and it gives out no more jobs: now the signal can't go astray.
            act()

    def _signal(self, job_id: str, signum: signal.Signals) -> None:
        request = next((one for one in list(state.active_requests) if one.id == job_id), None)
        if request is None or request.worker_pid is None:
            return
        log.info("process.signaled", job=job_id, pid=request.worker_pid, signal=signum.name)
        try:
            os.kill(request.worker_pid, signum)
        except ProcessLookupError:
            log.info("process.gone", job=job_id, pid=request.worker_pid)


class SupervisedRequest(Request):
    """A request whose process may die; the supervisor hears of it at once."""

    def on_failure(self, exc_info: ExceptionInfo, send_failed_event: bool = True, return_ok: bool = False) -> None:
        """Celery calls it in the parent, milliseconds after a process has died."""
        error = exc_info.exception
        lost = isinstance(getattr(error, "exc", error), WorkerLostError)
        super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)
        if lost:
            self.task.app.supervisor.report_lost(self.id)
