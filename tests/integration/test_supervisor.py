"""The supervisor with a crew that is no process: what it does at each beat, and what it must not do."""

import os
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

import pytest
from submissions import submitted
from waiting import eventually

from jobs.job import Cause, JobStatus
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from worker.supervisor import Supervisor


@dataclass
class RecordingCrew:
    """Runs nothing; remembers what it was told."""

    jobs: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    #: While it is clear, a beat stays in its midst.
    may_go_on: threading.Event = field(default_factory=threading.Event)
    in_midst: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_go_on.set()

    def check(self) -> None:
        self.in_midst.set()
        self.may_go_on.wait()

    def running(self) -> Collection[str]:
        return list(self.jobs)

    def ask(self, job_id: str) -> None:
        self.asked.append(job_id)

    def kill(self, job_id: str) -> None:
        self.killed.append(job_id)
        self.jobs.remove(job_id)


@pytest.fixture
def crew() -> RecordingCrew:
    return RecordingCrew()


@pytest.fixture
def quick(settings: Settings) -> Store:
    return Store(replace(settings, heartbeat=0.05, kill_grace=0.2, stop_grace=0.2))


@pytest.fixture
def leases(quick: Store) -> Leases:
    return Leases(quick, worker="worker-1")


@pytest.fixture
def supervisor(quick: Store, leases: Leases, crew: RecordingCrew) -> Iterator[Supervisor]:
    watching = Supervisor(quick, leases, crew)
    yield watching
    crew.may_go_on.set()
    if watching.is_alive():
        watching.close()


def running(store: Store, leases: Leases, crew: RecordingCrew, *, timeout: float = 60) -> str:
    job_id = submitted(store, timeout=timeout).id
    leases.claim(job_id)
    crew.jobs.append(job_id)
    return job_id


def test_an_overdue_job_is_asked_once_then_settled_and_killed(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor
) -> None:
    job_id = running(quick, leases, crew, timeout=0.1)
    supervisor.start()
    eventually(lambda: crew.killed)
    assert (crew.asked, crew.killed) == ([job_id], [job_id])
    failure = quick.find(job_id).failure
    assert failure is not None
    assert failure.cause is Cause.TIMEOUT


def test_a_job_whose_process_has_died_is_given_back_at_once(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor
) -> None:
    job_id = running(quick, leases, crew)
    supervisor.start()
    crew.jobs.remove(job_id)
    supervisor.report_lost(job_id)
    eventually(lambda: quick.find(job_id).status is JobStatus.QUEUED)
    assert quick.find(job_id).attempt == 2


def test_what_still_runs_after_the_grace_of_a_stop_is_handed_back(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor
) -> None:
    job_id = running(quick, leases, crew)
    supervisor.start()
    supervisor.stop_soon()
    eventually(lambda: crew.killed == [job_id])
    assert (quick.find(job_id).status, quick.find(job_id).attempt) == (JobStatus.QUEUED, 1)


def test_a_job_that_another_worker_has_taken_is_killed_here(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor
) -> None:
    job_id = running(quick, leases, crew)
    leases.release(job_id, why="worker_lost")
    Leases(quick, worker="worker-2").claim(job_id)
    supervisor.start()
    eventually(lambda: crew.killed == [job_id])
    assert quick.find(job_id).worker == "worker-2"


def test_no_process_is_forked_in_the_midst_of_a_beat(crew: RecordingCrew, supervisor: Supervisor) -> None:
    crew.may_go_on.clear()
    supervisor.start()
    assert crew.in_midst.wait(10)
    forked = threading.Event()

    def fork() -> None:
        child = os.fork()
        if child == 0:
            os._exit(0)
        forked.set()
        os.waitpid(child, 0)

    forking = threading.Thread(target=fork)
    forking.start()
    assert not forked.wait(0.3)
    crew.may_go_on.set()
    assert forked.wait(10)
    forking.join(10)
