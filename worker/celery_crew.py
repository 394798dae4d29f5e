"""Celery's pool as the supervisor's crew: which requests its processes run, and signals that hit just those."""

import os
import signal
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, cast

import structlog
from billiard.einfo import ExceptionInfo
from celery.worker import state
from celery.worker.request import Request
from kombu.asynchronous import Hub, get_event_loop

from worker.celery_events import ENDED, told_by
from worker.crew import Run
from worker.interrupt import SIGNAL

if TYPE_CHECKING:
    from celery.worker import WorkController

log = structlog.get_logger(__name__)


class CeleryCrew:
    """The pool processes of one Celery worker.

    A process gets its next job only after the parent's event loop has read its last result (see also
    ``SteadyConsumer``). So a signal that is sent from that loop, while the request is still active, hits no other job.
    """

    def __init__(self, worker: "WorkController") -> None:
        self._worker = worker
        #: What ran when it was looked last; a worker that is stopped coldly forgets its requests.
        self._known: tuple[Run, ...] = ()

    def check(self) -> None:
        """Lets the pool notice processes that have died; by itself it may take five seconds."""
        if not _is_stopping():
            self._worker.hub.call_soon(self._worker.pool.maintain_pool)

    def running(self) -> Collection[Run]:
        """The requests that a process has accepted."""
        found = tuple(Run(request.id, request.worker_pid) for request in _active() if request.worker_pid)
        if found or not _is_stopping():
            self._known = found
        return self._known

    def ask(self, run: Run) -> None:
        """Sends the signal that interrupts a run."""
        self._in_loop(lambda: _signal(run, SIGNAL), run)

    def kill(self, run: Run) -> None:
        """Kills the process; the pool starts another one."""
        self._in_loop(lambda: _signal(run, signal.SIGKILL), run)

    def _in_loop(self, act: Callable[[], None], run: Run) -> None:
        if _is_stopping():
            # The loop of a stopping worker has ended, and it gives out no more jobs: now the signal can't go astray.
            act()
        else:
            self._worker.hub.call_soon(lambda: act() if run in self.running() else None)


def _is_stopping() -> bool:
    return state.should_stop is not None or state.should_terminate is not None


def _active() -> list[Request]:
    """The active requests. The loop may change the set while it is read here; then it is read again."""
    while True:
        try:
            return list(state.active_requests)
        except RuntimeError:
            continue


def _signal(run: Run, signum: signal.Signals) -> None:
    log.info("process.signaled", job=run.job_id, pid=run.pid, signal=signum.name)
    try:
        os.kill(run.pid, signum)
    except ProcessLookupError:
        log.info("process.gone", job=run.job_id, pid=run.pid)


class SupervisedRequest(Request):
    """A request whose run may end without an outcome; the supervisor hears of it at once."""

    def acknowledge(self) -> None:
        """Celery calls it when a process has accepted the run; only RabbitMQ waits to hear that (``worker.broker``).

        It hears it in a later turn of the event loop: it answers with the next message, and whether that is wanted is
        said with this turn's end (``worker.turnstile``).
        """
        if self.task.app.duty.settings.broker_url:
            cast("Hub", get_event_loop()).call_soon(super().acknowledge)
        else:
            self.acknowledged = True

    def send_event(self, type: str, **fields: object) -> None:  # noqa: A002 - as Celery calls it
        """Celery calls it where workers tell what they do."""
        told = told_by(fields.get("result")) if type == ENDED else None
        if told is None:
            super().send_event(type, **fields)
        else:
            super().send_event(told[0], **told[1])

    def on_failure(self, exc_info: ExceptionInfo, send_failed_event: bool = True, return_ok: bool = False) -> None:
        """Celery calls it in the parent: milliseconds after a process has died, and where a run raised."""
        try:
            super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)
        finally:
            if self.worker_pid:
                self.task.app.supervisor.report_lost(Run(self.id, self.worker_pid))
