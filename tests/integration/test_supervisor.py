"""The supervisor with a crew that is no process: what it does at each beat, and what it must not do."""

import os
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

import pytest
from redis.exceptions import ConnectionError, ResponseError  # noqa: A004 - redis' own
from submissions import submitted
from waiting import eventually

from jobs.job import Cause, JobStatus
from jobs.leases import Leases
from jobs.roster import Presence, Role, Roster, this_process
from jobs.settings import Settings
from jobs.store import Store
from worker.crew import Run, holder_name
from worker.supervisor import Supervisor

#: The process that the crew is said to have.
PID = 4711


@dataclass
class RecordingCrew:
    """Runs nothing; remembers what it was told."""

    jobs: list[Run] = field(default_factory=list)
    asked: list[Run] = field(default_factory=list)
    killed: list[Run] = field(default_factory=list)
    #: While it is clear, a beat stays in its midst.
    may_go_on: threading.Event = field(default_factory=threading.Event)
    in_midst: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_go_on.set()

    def check(self) -> None:
        self.in_midst.set()
        self.may_go_on.wait()

    def running(self) -> Collection[Run]:
        return list(self.jobs)

    def ask(self, run: Run) -> None:
        self.asked.append(run)

    def kill(self, run: Run) -> None:
        self.killed.append(run)
        self.jobs.remove(run)


@pytest.fixture
def crew() -> RecordingCrew:
    return RecordingCrew()


@pytest.fixture
def quick(settings: Settings) -> Store:
    return Store(replace(settings, heartbeat=0.05, kill_grace=0.2, stop_grace=0.2))


@pytest.fixture
def leases(quick: Store) -> Leases:
    """The process of the worker that claims."""
    return Leases(quick, worker=holder_name("worker-1", PID))


@pytest.fixture
def supervisor(quick: Store, crew: RecordingCrew) -> Iterator[Supervisor]:
    member = this_process(Role.WORKER, engine="celery", slots=2, name="worker-1")
    presence = Presence(Roster(quick), member, every=0.05)
    watching = Supervisor(quick, Leases(quick, worker="worker-1"), crew, presence=presence)
    yield watching
    crew.may_go_on.set()
    if watching.is_alive():
        watching.close()


def running(store: Store, leases: Leases, crew: RecordingCrew, *, timeout: float = 60) -> Run:
    run = Run(submitted(store, timeout=timeout).id, PID)
    leases.claim(run.job_id)
    crew.jobs.append(run)
    return run


def test_an_overdue_job_is_asked_once_then_settled_and_killed(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor
) -> None:
    run = running(quick, leases, crew, timeout=0.1)
    supervisor.start()
    eventually(lambda: crew.killed)
    assert (crew.asked, crew.killed) == ([run], [run])
    failure = quick.find(run.job_id).failure
    assert failure is not None
    assert failure.cause is Cause.TIMEOUT


def test_a_job_whose_process_has_died_is_given_back_at_once(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor
) -> None:
    run = running(quick, leases, crew)
    supervisor.start()
    crew.jobs.remove(run)
    supervisor.report_lost(run)
    eventually(lambda: quick.find(run.job_id).status is JobStatus.QUEUED)
    assert quick.find(run.job_id).attempt == 2


def test_what_still_runs_after_the_grace_of_a_stop_is_handed_back(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor
) -> None:
    run = running(quick, leases, crew)
    supervisor.start()
    supervisor.stop_soon(grace=0.2)
    eventually(lambda: crew.killed == [run])
    assert (quick.find(run.job_id).status, quick.find(run.job_id).attempt) == (JobStatus.QUEUED, 1)


def test_what_is_handed_back_is_killed_until_it_ends_but_given_back_once(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = running(quick, leases, crew)
    monkeypatch.setattr(crew, "kill", crew.killed.append)
    supervisor.start()
    supervisor.stop_soon(grace=0)
    eventually(lambda: len(crew.killed) > 3)
    job = quick.find(run.job_id)
    assert job.status is JobStatus.QUEUED
    # The message of its submission, which nobody has taken here, and the one of its return.
    assert quick.redis.llen(quick.queue.key(job.step)) == 2


def test_a_job_that_another_worker_has_taken_is_killed_here(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor
) -> None:
    run = running(quick, leases, crew)
    leases.release(run.job_id, why="worker_lost")
    Leases(quick, worker="worker-2").claim(run.job_id)
    supervisor.start()
    eventually(lambda: crew.killed == [run])
    assert quick.find(run.job_id).worker == "worker-2"


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


def test_the_death_of_a_process_that_lost_its_job_leaves_the_healthy_run_alone(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor
) -> None:
    stale = running(quick, leases, crew)
    leases.release(stale.job_id, why="worker_lost")
    healthy = Leases(quick, worker=holder_name("worker-1", PID + 1))
    healthy.claim(stale.job_id)
    crew.jobs = [Run(stale.job_id, PID + 1)]
    supervisor.start()
    supervisor.report_lost(stale)
    eventually(crew.in_midst.is_set)
    crew.in_midst.clear()
    eventually(crew.in_midst.is_set)
    job = quick.find(stale.job_id)
    assert (job.status, job.attempt, job.worker) == (JobStatus.RUNNING, 2, healthy.worker)


def test_the_supervisor_outlives_whatever_goes_wrong(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = running(quick, leases, crew)

    def broken(*_: object, **__: object) -> None:
        raise ResponseError("BUSY Redis is busy running a script")

    with monkeypatch.context() as fault:
        fault.setattr(Leases, "release", broken)
        supervisor.start()
        supervisor.report_lost(run)
        for _ in range(3):
            crew.in_midst.clear()
            eventually(crew.in_midst.is_set)
        assert supervisor.is_alive()
    eventually(lambda: quick.find(run.job_id).status is JobStatus.QUEUED)


def test_a_worker_is_on_the_roster_until_it_is_closed(
    quick: Store, leases: Leases, crew: RecordingCrew, supervisor: Supervisor
) -> None:
    running(quick, leases, crew)
    supervisor.start()
    [member] = eventually(Roster(quick).members)
    assert (member.name, member.busy) == ("worker-1", 1)
    supervisor.close()
    assert Roster(quick).members() == []


def test_a_worker_is_closed_though_redis_is_away(
    supervisor: Supervisor, quick: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ConnectionError("gone")

    supervisor.start()
    eventually(Roster(quick).members)
    monkeypatch.setattr("redis.Redis.pipeline", away)
    supervisor.close()
    assert not supervisor.is_alive()
    assert [member.name for member in Roster(quick).members()] == ["worker-1"]
