"""The outlook of a job, from what its analysis took lately."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import pytest
from accepted_job import accepted_job
from standing_clock import Clock

from app.pace import TRUSTED, Pace
from jobs.errors import StoreUnavailable
from jobs.job import Job, JobStatus
from jobs.roster import Member, Role, this_process

#: The moment at which every job of these tests was accepted, Unix seconds.
THEN = 1_800_000_000.0


class StandInStore:
    """A store that knows run times, and its roster with workers of so many slots; counts how often it is asked."""

    def __init__(self, *times: float, slots: Sequence[int] = (), is_away: bool = False) -> None:
        self.settings = SimpleNamespace(concurrency=2)
        self.asked = 0
        self._times, self._slots, self._is_away = list(times), slots, is_away

    def run_times(self, analysis: str) -> list[float]:
        self.asked += 1
        if self._is_away:
            raise StoreUnavailable("away")
        return self._times

    def members(self, *roles: Role) -> list[Member]:
        assert roles == (Role.WORKER,)
        return [this_process(Role.WORKER, engine="celery", slots=slots) for slots in self._slots]


@pytest.fixture
def clock() -> Clock:
    return Clock(THEN)


def pace_of(store: StandInStore, clock: Clock) -> Pace:
    return Pace(store, store, clock=clock)  # type: ignore[arg-type]


def queued(position: int = 0) -> Job:
    return accepted_job(created=int(THEN * 1000), position=position)


def running(*, progress: float | None = None) -> Job:
    return replace(queued(), status=JobStatus.RUNNING, started=int(THEN * 1000), queue_position=None, progress=progress)


def test_a_job_is_asked_for_when_it_should_be_done(clock: Clock) -> None:
    assert pace_of(StandInStore(9, 10, 12), clock).outlook(queued()).retry_after == 10


def test_the_eta_is_when_it_should_be_done(clock: Clock) -> None:
    assert pace_of(StandInStore(10), clock).outlook(queued()).eta == (THEN + 10) * 1000


def test_jobs_that_run_at_once_are_waited_for_together(clock: Clock) -> None:
    pace = pace_of(StandInStore(5, slots=(3, 1)), clock)
    assert [pace.outlook(queued(position)).retry_after for position in (0, 3, 4, 8)] == [5, 5, 10, 15]


def test_where_no_worker_lives_one_is_reckoned_with(clock: Clock) -> None:
    pace = pace_of(StandInStore(5), clock)
    assert [pace.outlook(queued(position)).retry_after for position in (0, 1, 2)] == [5, 5, 10]


def test_nobody_is_sent_away_for_longer_than_30_s(clock: Clock) -> None:
    assert pace_of(StandInStore(1000), clock).outlook(queued()).retry_after == 30


def test_nobody_is_asked_back_within_a_second(clock: Clock) -> None:
    assert pace_of(StandInStore(0.01), clock).outlook(queued()).retry_after == 1


def test_the_time_that_a_job_has_run_is_taken_off(clock: Clock) -> None:
    pace = pace_of(StandInStore(10), clock)
    clock.now += 4
    assert pace.outlook(running()).retry_after == 6


def test_progress_says_more_than_history(clock: Clock) -> None:
    pace = pace_of(StandInStore(10), clock)
    clock.now += 6
    assert pace.outlook(running(progress=25)).retry_after == 18


def test_without_history_there_is_no_eta(clock: Clock) -> None:
    assert pace_of(StandInStore(), clock).outlook(queued()).eta is None


@pytest.mark.parametrize(("age", "wait"), [(0, 1), (8, 2), (60, 15), (600, 30)])
def test_without_history_patience_grows_with_the_wait(clock: Clock, age: float, wait: int) -> None:
    clock.now += age
    assert pace_of(StandInStore(), clock).outlook(queued()).retry_after == wait


def test_a_job_that_takes_longer_than_usual_is_asked_for_ever_more_rarely(clock: Clock) -> None:
    pace = pace_of(StandInStore(10), clock)
    clock.now += 40
    assert pace.outlook(running()).retry_after == 10


def test_a_job_that_has_ended_has_no_eta(clock: Clock) -> None:
    ended = replace(queued(), status=JobStatus.SUCCEEDED)
    assert pace_of(StandInStore(10), clock).outlook(ended).eta is None


def test_a_clock_behind_that_of_redis_does_no_harm(clock: Clock) -> None:
    clock.now -= 100
    assert pace_of(StandInStore(10), clock).outlook(running()).retry_after == 10


def test_the_store_is_not_asked_at_every_poll(clock: Clock) -> None:
    store = StandInStore(10)
    pace = pace_of(store, clock)
    for _ in range(100):
        pace.outlook(queued())
    assert store.asked == 1


def test_the_store_is_asked_again_after_a_while(clock: Clock) -> None:
    store = StandInStore(10)
    pace = pace_of(store, clock)
    pace.outlook(queued())
    clock.now += TRUSTED
    pace.outlook(queued())
    assert store.asked == 2


def test_a_store_that_is_away_costs_the_guess_and_not_the_answer(clock: Clock) -> None:
    assert pace_of(StandInStore(is_away=True), clock).outlook(queued()).eta is None
