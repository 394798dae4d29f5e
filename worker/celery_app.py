"""Celery as engine: an app whose tasks are the analyses, and a worker that is supervised."""

import os
import signal
from typing import TYPE_CHECKING

from celery import Celery, bootsteps, signals

from jobs.telemetry import flush_telemetry
from worker.broker import configuration
from worker.celery_crew import CeleryCrew
from worker.celery_run import begin
from worker.celery_strategy import HeadStart
from worker.duty import Duty
from worker.native_threads import limit_loaded
from worker.supervisor import Supervisor
from worker.turnstile import Turnstile

if TYPE_CHECKING:
    from celery.worker import WorkController


class Engine(Celery):
    """The Celery app of one worker, with what its processes need to run jobs."""

    def __init__(self, duty: Duty) -> None:
        super().__init__("coatcheck", set_as_current=True, fixups=[])
        self.duty = duty
        #: Set in the parent once its pool has started.
        self.supervisor: Supervisor
        self.conf.update(configuration(duty.settings))
        self.steps["worker"].add(Supervision)
        self.steps["consumer"].add(Turnstile if duty.settings.broker_url else HeadStart)
        for name in duty.catalog:
            self.task(
                name=name, Request="worker.celery_crew:SupervisedRequest", Strategy="worker.celery_strategy:prompt"
            )(_run_elsewhere)
        signals.worker_process_init.connect(self._start_process)
        signals.worker_process_shutdown.connect(self._end_process)
        signals.worker_shutting_down.connect(self._stop_soon)

    def _start_process(self, **_: object) -> None:
        # A signal to the whole process group must not end runs: the parent decides how a worker stops.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        limit_loaded()
        begin(self.duty.runner())

    def _end_process(self, *, exitcode: int, **_: object) -> None:
        flush_telemetry()
        # The pool would let the process wait for a second to be ended by SIGTERM, which it ignores.
        os._exit(exitcode)

    def _stop_soon(self, *, how: str, **_: object) -> None:
        # Celery's cold stop waits for no run, so there is no grace.
        self.supervisor.stop_soon(grace=self.duty.settings.stop_grace if how == "Warm" else 0)


def _run_elsewhere() -> None:
    """The body of every task, which nobody calls: the pool has its processes run jobs by their ids.

    Raises:
        LookupError: always.

    """
    raise LookupError("Only the pool of worker.celery_pool runs jobs.")


class Supervision(bootsteps.StartStopStep):
    """Starts the supervisor once the pool has forked its first processes; it lives on while the pool stops."""

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: "WorkController") -> None:
        """Celery calls it in the parent."""
        engine: Engine = parent.app
        engine.supervisor = engine.duty.supervisor(CeleryCrew(parent))
        engine.supervisor.start()
