"""The pool of a Celery worker, with real processes: each job runs once, in a process that was free for it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import SimpleNamespace

import pytest
from kombu.asynchronous import Hub

from worker.celery_pool import PromptPool
from worker.celery_run import begin, run_job

#: Longest that anything may take here, seconds.
PATIENCE = 30.0


class Running:
    """A pool in an event loop, and what came of the jobs that it was given."""

    def __init__(self, hub: Hub, pool: PromptPool) -> None:
        self.hub = hub
        self.pool = pool
        #: The process that ran each job, as it says itself, in the order of their ends.
        self.ended: list[tuple[str, int]] = []
        #: The process to which each job was given, as the parent knows it.
        self.accepted: dict[str, int] = {}
        self.failed: list[object] = []

    def give(self, job_id: str) -> None:
        """Gives a job to the pool as Celery does."""
        self.pool.apply_async(
            run_job,
            (job_id,),
            accept_callback=lambda pid, _at: self.accepted.update({job_id: pid}),
            callback=lambda told: self._end(job_id, told[1].strip("'")),
            error_callback=self.failed.append,
            correlation_id=job_id,
        )

    def _end(self, job_id: str, told: str) -> None:
        ran, pid = told.rsplit(" ", 1)
        assert ran == job_id
        self.ended.append((job_id, int(pid)))

    def until(self, condition: Callable[[], object]) -> None:
        """Runs the event loop until the condition holds."""
        deadline = monotonic() + PATIENCE
        while not condition():
            assert monotonic() < deadline
            self.hub.call_later(0.01, lambda: None)
            self.hub.run_once()

    def until_ended(self, *jobs: str) -> None:
        self.until(lambda: {job_id for job_id, _ in self.ended} >= set(jobs))


@contextmanager
def running(processes: int, **options: object) -> Iterator[Running]:
    """A pool whose jobs end with their own id and the number of their process."""
    hub = Hub()
    pool = PromptPool(
        processes,
        initializer=begin,
        initargs=(SimpleNamespace(run=lambda job_id: f"{job_id} {os.getpid()}"),),
        threads=False,
        synack=False,
        **options,
    )
    try:
        pool.register_with_event_loop(hub)
        made = Running(hub, pool)
        made.until(lambda: len(pool._all_inqueues) == processes)
        yield made
    finally:
        pool.terminate()
        pool.join()
        hub.close()


@pytest.fixture
def two() -> Iterator[Running]:
    with running(2) as made:
        yield made


def test_a_job_is_accepted_by_the_process_that_runs_it(two: Running) -> None:
    two.give("a")
    two.until_ended("a")
    assert two.ended == [("a", two.accepted["a"])]


def test_a_job_that_is_written_ahead_runs_once_and_leaves_nothing(two: Running) -> None:
    two.pool.write_ahead("a")
    two.give("a")
    # Before anything was heard of its process.
    assert "a" in two.accepted
    two.until_ended("a")
    assert two.ended == [("a", two.accepted["a"])]
    assert not two.pool._cache
    assert not two.pool._busy_workers


def test_what_celery_does_not_come_to_is_mistaken_for_no_other_job(two: Running) -> None:
    two.pool.write_ahead("never given")
    two.give("b")
    two.until_ended("b")
    two.until(lambda: not two.pool._busy_workers)
    assert two.ended == [("b", two.accepted["b"])]
    assert not two.pool._cache


def test_a_job_that_celery_does_not_come_to_is_ended_with_its_process(two: Running) -> None:
    two.pool.write_ahead("refused")
    job_id, pid = two.pool.end_unjoined() or ("", 0)
    assert job_id == "refused"
    two.until(lambda: pid not in {process.pid for process in two.pool._pool})
    two.until(lambda: len(two.pool._all_inqueues) == 2)
    assert two.pool.end_unjoined() is None
    two.give("b")
    two.give("c")
    two.until_ended("b", "c")


def test_which_processes_are_busy_outlives_a_connection(two: Running) -> None:
    two.pool.write_ahead("a")
    two.give("a")
    busy = set(two.pool._busy_workers)
    # As Celery does when its connection to the broker breaks.
    two.pool.flush()
    assert two.pool._busy_workers == busy
    assert len(busy) == 1
    two.until_ended("a")
    assert not two.pool._busy_workers


def test_processes_that_end_together_are_replaced_and_watched(two: Running) -> None:
    before = list(two.pool._pool)
    for process in before:
        os.kill(process.pid, signal.SIGKILL)
    two.until(lambda: len(two.pool._all_inqueues) == 2 and not set(before) & set(two.pool._pool))
    # The end of one was seen together with that of the other, and may be told once more: of itself, or of a new one.
    for process in [*before, *two.pool._pool]:
        two.pool._event_process_exit(two.hub, process)
    # As Celery does when it has its connection to the broker back.
    two.pool.register_with_event_loop(two.hub)
    assert all(process._sentinel_poll is not None for process in two.pool._pool)


def test_a_process_that_was_taken_for_ended_is_replaced_when_it_ends(two: Running) -> None:
    [process, _] = two.pool._pool
    two.pool._untrack_child_process(process, two.hub)
    # As Celery does when it has its connection to the broker back.
    two.pool.register_with_event_loop(two.hub)
    os.kill(process.pid, signal.SIGKILL)
    two.until(lambda: process not in two.pool._pool and len(two.pool._all_inqueues) == 2)


def test_nothing_is_written_ahead_to_a_busy_process() -> None:
    with running(1) as one:
        one.pool.write_ahead("a")
        one.give("a")
        one.pool.write_ahead("b")
        one.give("b")
        assert "b" not in one.accepted
        one.until_ended("a", "b")
        assert [job_id for job_id, _ in one.ended] == ["a", "b"]


def test_jobs_that_wait_for_a_process_come_before_one_that_is_new() -> None:
    with running(1) as one:
        for job_id in "abc":
            one.give(job_id)
        one.until(lambda: one.ended)
        one.pool.write_ahead("d")
        one.give("d")
        one.until_ended(*"abcd")
        assert [job_id for job_id, _ in one.ended] == list("abcd")


@pytest.mark.parametrize("ahead", [True, False])
def test_no_job_is_given_to_a_process_that_is_about_to_be_replaced(ahead: bool) -> None:
    with running(2, maxtasksperchild=1) as one_each:
        for number in range(8):
            if ahead:
                one_each.pool.write_ahead(str(number))
            one_each.give(str(number))
        one_each.until_ended(*map(str, range(8)))
        assert len({pid for _, pid in one_each.ended}) == 8
        assert one_each.failed == []
