"""Celery as engine: an app whose tasks are the analyses, and a worker that is supervised."""

import os
import secrets
import signal
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from celery import Celery, Task, bootsteps, signals

from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from jobs.webhooks import Webhooks
from tasks import Catalog
from worker.broker import configuration
from worker.celery_crew import CeleryCrew
from worker.crew import holder_name
from worker.internal.handle import internal_handles
from worker.interrupt import Interrupt
from worker.native_threads import limit_loaded
from worker.run import Runner
from worker.supervisor import Supervisor

if TYPE_CHECKING:
    from celery.worker import WorkController


class Engine(Celery):
    """The Celery app of one worker, with what its processes need to run jobs."""

    def __init__(self, settings: Settings, catalog: Catalog, *, works_for: Settings | None = None) -> None:
        """``works_for`` are the settings of the service whose internal jobs these are; None: the jobs are its own."""
        super().__init__("coatcheck", set_as_current=True, fixups=[])
        self.settings = settings
        self.catalog = catalog
        self.works_for = works_for
        #: Unique among all workers that ever were, for a lease names its holder.
        self.worker_name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        #: Set in the parent once its pool has started.
        self.supervisor: Supervisor
        #: Set in every process of the pool.
        self.runner: Runner
        self.conf.update(configuration(settings))
        self.steps["worker"].add(Supervision)
        for name in catalog:
            self.task(name=name, bind=True, Request="worker.celery_crew:SupervisedRequest")(run)
        signals.worker_process_init.connect(self._start_process)
        signals.worker_shutting_down.connect(self._stop_soon)

    def _start_process(self, **_: object) -> None:
        # A signal to the whole process group must not end runs: the parent decides how a worker stops.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        limit_loaded()
        store = Store(self.settings)
        leases = Leases(store, worker=holder_name(self.worker_name, os.getpid()))
        runner = Runner(settings=self.settings, catalog=self.catalog, leases=leases, interrupt=Interrupt())
        if self.works_for is None:
            self.runner = replace(runner, webhooks=Webhooks(store))
        else:
            self.runner = replace(runner, handle_of=internal_handles(Store(self.works_for)))

    @property
    def served(self) -> Settings:
        """The settings of the service that this worker belongs to."""
        return self.works_for or self.settings

    def _stop_soon(self, *, how: str, **_: object) -> None:
        # Celery's cold stop waits for no run, so there is no grace.
        self.supervisor.stop_soon(grace=self.settings.stop_grace if how == "Warm" else 0)


def run(task: Task) -> None:
    """What every task does: its id is the job's."""
    engine: Engine = task.app
    engine.runner.run(task.request.id)


class Supervision(bootsteps.StartStopStep):
    """Starts the supervisor once the pool has forked its first processes; it lives on while the pool stops."""

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: "WorkController") -> None:
        """Celery calls it in the parent."""
        engine: Engine = parent.app
        store = Store(engine.settings)
        webhooks = Webhooks(Store(engine.served))
        engine.supervisor = Supervisor(store, Leases(store, worker=engine.worker_name), CeleryCrew(parent), webhooks)
        engine.supervisor.start()
