"""Who goes first: priorities, and callers beside one another."""

from dataclasses import replace

import pytest
from submissions import a_submission, submitted

from jobs.errors import ClaimRefused
from jobs.job import STEPS, Job, Priority
from jobs.leases import Leases
from jobs.store import Store


def of_caller(store: Store, caller: str, priority: Priority = Priority.NORMAL) -> Job:
    return store.submit(replace(a_submission(priority=priority), caller=caller))


def taken(store: Store, leases: Leases) -> Job | None:
    """Claims the job whose message a worker would pop next, as kombu does: from the lowest step that has one."""
    for step in STEPS:
        message = store.redis.rpop(store.queue.key(step))
        if message:
            return leases.claim(store.queue.job_id(message)).job
    return None


def taken_callers(store: Store, count: int) -> list[str]:
    leases = Leases(store, worker="worker-1")
    jobs = [taken(store, leases) for _ in range(count)]
    return [job.caller for job in jobs if job]


def test_priorities_are_taken_in_their_order(store: Store) -> None:
    for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH):
        of_caller(store, priority, priority)
    assert taken_callers(store, 3) == ["high", "normal", "low"]


def test_a_single_job_is_taken_after_a_few_of_a_flood(store: Store) -> None:
    for _ in range(1000):
        of_caller(store, "flood")
    of_caller(store, "single")
    assert taken_callers(store, 10).index("single") <= store.settings.few_queued


def test_a_flood_of_high_priority_does_not_fall_behind_normal_jobs(store: Store) -> None:
    for _ in range(100):
        of_caller(store, "flood", Priority.HIGH)
    of_caller(store, "single")
    assert taken_callers(store, 101)[-1] == "single"


def test_two_floods_share(store: Store) -> None:
    for _ in range(40):
        of_caller(store, "one")
        of_caller(store, "other")
    first = taken_callers(store, 20)
    assert first.count("one") == first.count("other") == 10


def test_a_caller_whose_queue_has_emptied_goes_in_front_again(store: Store) -> None:
    for _ in range(100):
        of_caller(store, "flood")
    taken_callers(store, 100)
    assert of_caller(store, "flood").step == of_caller(store, "single").step


def test_the_backlog_counts_the_queued_jobs_of_each_caller(store: Store) -> None:
    jobs = [of_caller(store, "one") for _ in range(3)] + [of_caller(store, "other")]
    leases = Leases(store, worker="worker-1")
    leases.claim(jobs[0].id)
    store.cancel(jobs[1].id)
    assert store.redis.hgetall(store.keys.backlog) == {b"one": b"1", b"other": b"1"}
    leases.release(jobs[0].id, why="worker_lost")
    store.cancel(jobs[3].id)
    assert store.redis.hgetall(store.keys.backlog) == {b"one": b"2"}


def test_positions_count_across_steps(store: Store) -> None:
    flood = [of_caller(store, "flood") for _ in range(8)]
    single = of_caller(store, "single")
    few = store.settings.few_queued
    assert [store.find(job.id).queue_position for job in (flood[0], flood[few - 1], single)] == [0, few - 1, few]
    assert store.find(flood[-1].id).queue_position == 8


def test_a_job_that_is_put_off_is_not_claimed_before_its_time(store: Store) -> None:
    leases = Leases(store, worker="worker-1")
    claim = leases.claim(submitted(store).id)
    leases.put_off(claim, delay=600, reason="Attempt 1 of 3 failed.")
    job = store.find(claim.job.id)
    assert (job.status, job.attempt, job.queue_position, job.message) == ("queued", 2, None, "Attempt 1 of 3 failed.")
    with pytest.raises(ClaimRefused, match="queued"):
        leases.claim(job.id)
