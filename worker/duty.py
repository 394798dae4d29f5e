"""What a worker is there for, whatever engine brings its jobs: what it runs, for whom, and how it is supervised."""

import os
from dataclasses import dataclass, replace

from jobs.error_reports import start_error_reports
from jobs.leases import Leases
from jobs.roster import WORKER_EVERY, Presence, Role, Roster, fresh_name, this_process
from jobs.settings import Settings
from jobs.store import Store
from jobs.telemetry import start_telemetry
from jobs.webhooks import Webhooks
from jobs.wire import KeptWire
from tasks import Catalog
from worker.crew import Crew, holder_name
from worker.internal.handle import internal_handles
from worker.interrupt import Interrupt
from worker.run import Runner
from worker.supervisor import Supervisor


@dataclass(frozen=True, kw_only=True)
class Duty:
    """What one worker is there for; made in its parent process and shared by all that it forks."""

    settings: Settings
    catalog: Catalog
    #: The settings of the service whose internal jobs these are; None: the jobs are its own.
    works_for: Settings | None = None
    #: The worker's name, unique among all that ever were, for a lease names its holder.
    name: str

    @property
    def served(self) -> Settings:
        """The settings of the service that this worker belongs to."""
        return self.works_for or self.settings

    def runner(self) -> Runner:
        """What runs jobs in this very process; its connections are its own."""
        start_telemetry(self.settings, role=self._role)
        store = Store(self.settings, wire=KeptWire)
        leases = Leases(store, worker=holder_name(self.name, os.getpid()))
        runner = Runner(settings=self.settings, catalog=self.catalog, leases=leases, interrupt=Interrupt())
        if self.works_for is None:
            return replace(runner, webhooks=Webhooks(store))
        return replace(runner, handle_of=internal_handles(Store(self.works_for)))

    def supervisor(self, crew: Crew) -> Supervisor:
        """Supervises the crew once it is started; to be made in the worker's parent process."""
        start_error_reports(self.settings, role=self._role)
        store, served = Store(self.settings), Store(self.served)
        leases = Leases(store, worker=self.name)
        return Supervisor(store, leases, crew, Webhooks(served), presence=self._presence(served))

    @property
    def _role(self) -> Role:
        return Role.WORKER if self.works_for is None else Role.INTERNAL

    def _presence(self, served: Store) -> Presence:
        slots = self.settings.concurrency
        member = this_process(self._role, engine=self.settings.engine, slots=slots, name=self.name)
        return Presence(Roster(served), member, every=WORKER_EVERY)


def new_duty(settings: Settings, catalog: Catalog, *, works_for: Settings | None = None) -> Duty:
    """The duty of a worker that has this process as its parent."""
    return Duty(settings=settings, catalog=catalog, works_for=works_for, name=fresh_name())
