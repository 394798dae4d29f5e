"""Messages for an engine that no script can write to: handed over, brought on once, and never lost on their way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from rq import Queue
from rq.serializers import JSONSerializer
from submissions import submitted
from waiting import eventually

from jobs.errors import StoreUnavailable
from jobs.job import STEPS, Job, JobStatus, Priority, steps_of
from jobs.leases import Leases
from jobs.queues import open_queue, whole_message
from jobs.queues.handover import MOST, Handover
from jobs.queues.rq import QUEUED_TTL, RqQueue, queue_name
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep


@pytest.fixture
def rq_store(settings: Settings) -> Iterator[Store]:
    """A store whose engine is RQ."""
    opened = Store(replace(settings, engine="rq"))
    yield opened
    opened.redis.close()


@pytest.fixture
def handover(rq_store: Store) -> Handover:
    return Handover(rq_store.settings.namespace, rq_store.redis, rq_store.scripts)


def in_rq(store: Store, step: int) -> Queue:
    """The queue as RQ's own tools see it."""
    name = queue_name(store.settings.namespace, step)
    return Queue(name, connection=store.redis, serializer=JSONSerializer)


def hand_over(store: Store, job: Job) -> None:
    """As a script does, without anybody that brings it on."""
    store.redis.lpush(store.queue.key(job.step), whole_message(store.queue, job))


def test_a_submitted_job_is_in_rq_under_its_id_and_the_name_of_its_analysis(rq_store: Store) -> None:
    job = submitted(rq_store)
    [message] = in_rq(rq_store, job.step).jobs
    assert (message.id, message.description, message.func_name) == (job.id, "double", "double")
    assert (list(message.args), message.kwargs) == ([], {})


def test_rq_neither_limits_a_job_nor_keeps_a_result_nor_retries_it(rq_store: Store) -> None:
    job = submitted(rq_store)
    [message] = in_rq(rq_store, job.step).jobs
    assert (message.timeout, message.result_ttl, message.retries_left) == (-1, 0, None)


def test_what_rq_is_told_of_a_job_goes_by_itself_some_day(rq_store: Store) -> None:
    [message] = in_rq(rq_store, submitted(rq_store).step).jobs
    assert QUEUED_TTL - 60 <= rq_store.redis.ttl(message.key) <= QUEUED_TTL


def test_the_queues_of_rq_are_named_after_the_priorities() -> None:
    names = [queue_name("coatcheck", step) for step in STEPS]
    assert names[:4] == ["coatcheck:high", "coatcheck:high:2", "coatcheck:high:3", "coatcheck:normal"]
    assert [names[steps_of(priority).start] for priority in Priority] == [f"coatcheck:{each}" for each in Priority]
    assert len(set(names)) == len(STEPS)


def test_rq_has_the_jobs_in_the_order_in_which_they_were_submitted(rq_store: Store) -> None:
    jobs = [submitted(rq_store) for _ in range(4)]
    assert in_rq(rq_store, jobs[0].step).job_ids == [job.id for job in jobs]


def test_nothing_is_left_in_the_hand_over_lists(rq_store: Store, handover: Handover) -> None:
    job = submitted(rq_store)
    assert rq_store.redis.exists(handover.in_hand, handover.key(job.step)) == 0


def test_what_a_process_left_in_its_list_is_brought_on_by_the_sweep(rq_store: Store) -> None:
    job = submitted(rq_store)
    in_rq(rq_store, job.step).empty()
    hand_over(rq_store, job)
    sweep(rq_store)
    assert in_rq(rq_store, job.step).job_ids == [job.id]


def test_what_a_process_had_in_hand_when_it_died_is_brought_on_by_another(rq_store: Store, handover: Handover) -> None:
    job = submitted(rq_store)
    in_rq(rq_store, job.step).empty()
    hand_over(rq_store, job)
    [handed] = handover.take()
    rq_store.forward()
    assert in_rq(rq_store, job.step).job_ids == []
    # As after ten seconds.
    rq_store.redis.zadd(handover.in_hand, {handed.message: 0})
    rq_store.forward()
    assert in_rq(rq_store, job.step).job_ids == [job.id]
    assert rq_store.redis.exists(handover.in_hand) == 0


def test_more_than_are_taken_at_once_are_all_brought_on_in_their_order(rq_store: Store) -> None:
    job = submitted(rq_store)
    in_rq(rq_store, job.step).empty()
    many = [replace(job, id=f"{job.id[:-4]}{number:04}") for number in range(2 * MOST + 10)]
    for each in many:
        hand_over(rq_store, each)
    rq_store.forward()
    assert in_rq(rq_store, job.step).job_ids == [each.id for each in many]


def test_two_that_bring_on_at_once_bring_each_message_once(rq_store: Store, settings: Settings) -> None:
    job = submitted(rq_store)
    in_rq(rq_store, job.step).empty()
    many = [replace(job, id=f"{job.id[:-4]}{number:04}") for number in range(3 * MOST)]
    for each in many:
        hand_over(rq_store, each)
    stores = [Store(rq_store.settings) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Store.forward, stores))
    assert sorted(in_rq(rq_store, job.step).job_ids) == [each.id for each in many]


@pytest.mark.parametrize("strange", [b"\xff", b"7", b"[]", b'["a", "b", 99]', b'[1, "b", 2]', b'{"a": 1}'])
def test_a_message_that_is_none_of_ours_is_dropped_and_the_others_are_brought_on(
    rq_store: Store, handover: Handover, strange: bytes
) -> None:
    rq_store.redis.rpush(handover.key(0), strange)
    job = submitted(rq_store)
    assert in_rq(rq_store, job.step).job_ids == [job.id]
    assert rq_store.redis.exists(handover.in_hand, handover.key(0)) == 0
    assert handover.job_id(strange) == ""


def test_a_job_that_waits_long_in_rq_is_not_sent_again(rq_store: Store) -> None:
    jobs = [submitted(rq_store, priority=priority) for priority in Priority for _ in range(3)]
    eventually(lambda: older_than_resending(rq_store, jobs))
    assert sweep(rq_store).recovered == {}
    assert sum(in_rq(rq_store, step).count for step in STEPS) == len(jobs)


def test_a_job_that_rq_has_lost_is_sent_again(rq_store: Store) -> None:
    first, second = submitted(rq_store), submitted(rq_store)
    in_rq(rq_store, first.step).pop_job_id()
    eventually(lambda: older_than_resending(rq_store, [first, second]))
    assert sweep(rq_store).recovered == {first.id: "sent"}
    assert in_rq(rq_store, first.step).job_ids == [second.id, first.id]


def older_than_resending(store: Store, jobs: list[Job]) -> bool:
    seconds, micros = store.redis.time()
    now = seconds * 1000 + micros / 1000
    return all(now - job.created > store.settings.resend_after * 1000 + 1 for job in jobs)


def test_a_job_that_is_given_back_is_in_rq_again_at_once(rq_store: Store) -> None:
    job = submitted(rq_store)
    in_rq(rq_store, job.step).empty()
    leases = Leases(rq_store, worker="worker-1")
    leases.claim(job.id)
    assert leases.release(job.id, why="worker_lost") is JobStatus.QUEUED
    assert in_rq(rq_store, job.step).job_ids == [job.id]


def test_jobs_that_another_engine_was_to_bring_are_sent_by_this_one(store: Store, rq_store: Store) -> None:
    jobs = [submitted(store) for _ in range(3)]
    eventually(lambda: older_than_resending(rq_store, jobs))
    assert sweep(rq_store).recovered == {job.id: "sent" for job in jobs}
    assert in_rq(rq_store, jobs[0].step).job_ids == [job.id for job in jobs]


class Failing(RqQueue):
    """A queue whose engine is away after the scripts have handed over."""

    def forward(self) -> None:
        raise StoreUnavailable("It is away.")


def test_a_job_is_accepted_though_its_message_can_not_be_brought_on_now(rq_store: Store) -> None:
    rq_store.queue = Failing(rq_store.settings.namespace, rq_store.redis, rq_store.scripts)
    job = submitted(rq_store)
    assert rq_store.find(job.id).status is JobStatus.QUEUED
    rq_store.queue = open_queue(rq_store.settings, rq_store.redis, rq_store.scripts)
    sweep(rq_store)
    assert in_rq(rq_store, job.step).job_ids == [job.id]


def test_a_long_outage_of_the_engine_does_not_pile_up_messages(rq_store: Store, handover: Handover) -> None:
    rq_store.queue = Failing(rq_store.settings.namespace, rq_store.redis, rq_store.scripts)
    job = submitted(rq_store)
    eventually(lambda: older_than_resending(rq_store, [job]))
    for _ in range(5):
        sweep(rq_store)
    assert rq_store.redis.llen(handover.key(job.step)) == 1
