"""Webhooks over a real store and a real receiver, each internal job run in this process by hand."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson
import pytest
from receiver import Receiver, receiving
from submissions import NOTHING, a_submission
from waiting import eventually

from jobs.job import Cause, Failure, Job, JobStatus, new_id
from jobs.leases import Leases
from jobs.roster import Role, Roster, this_process
from jobs.settings import Settings
from jobs.store import Store
from jobs.webhook_endpoints import Endpoints
from jobs.webhook_log import Call, Delivery, DeliveryState
from jobs.webhook_secrets import Secrets
from jobs.webhooks import Webhooks
from worker.internal.catalog import internal_catalog
from worker.internal.delivery import JITTER, LONGEST_ASKED
from worker.internal.handle import internal_handles
from worker.interrupt import Interrupt
from worker.run import Runner

BASE = "https://coatcheck.example/api/"


class Service:
    """A service whose workers are this test."""

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings)
        self.webhooks = Webhooks(self.store)
        self.leases = Leases(self.store, worker="worker-1")
        self.internal = Leases(self.webhooks.internal, worker="internal-1")
        self._roster = Roster(self.store)
        self._deliverer = this_process(Role.INTERNAL, engine="celery", slots=1)
        self.start_delivering()

    def start_delivering(self) -> None:
        """From now on an internal worker lives."""
        self._roster.announce(self._deliverer)

    def stop_delivering(self) -> None:
        """From now on none does."""
        self._roster.leave(self._deliverer.name)

    def submitted(self, url: str, **options: object) -> Job:
        wanted = replace(a_submission(), webhook=url, webhook_delivery=new_id(), base_url=BASE, **options)
        return self.store.submit(wanted)

    def succeeded(self, url: str, **options: object) -> Job:
        """A job with this webhook that has succeeded."""
        job = self.submitted(url, **options)
        self.leases.succeed(self.leases.claim(job.id), b'{"secret":1}', metrics=NOTHING)
        return self.store.find(job.id)

    def deliver(self, job: Job) -> None:
        """Runs the internal job that delivers the webhook, as a process of an internal worker does."""
        runner = Runner(
            settings=self.webhooks.internal.settings,
            catalog=internal_catalog(),
            leases=self.internal,
            interrupt=Interrupt(),
            handle_of=internal_handles(self.store),
        )
        runner.run(self.delivery(job).id)

    def deliver_when_due(self, job: Job) -> None:
        """The same after the wait before the next attempt, which is skipped here."""
        self.webhooks.internal.redis.delete(self.webhooks.internal.keys.due)
        self.deliver(job)

    def delivery(self, job: Job) -> Delivery:
        return self.webhooks.delivery_of(job)

    def delivering(self, job: Job) -> Job:
        """The internal job that delivers."""
        return self.webhooks.internal.find(self.delivery(job).id)

    def close(self) -> None:
        self.store.redis.close()
        self.webhooks.internal.redis.close()


def wait_for_the_next_millisecond(store: Store) -> None:
    """What is ordered by time is ordered by Redis' milliseconds."""
    now = milliseconds(store)
    eventually(lambda: milliseconds(store) > now)


def milliseconds(store: Store) -> int:
    seconds, micros = store.redis.time()
    return int(seconds * 1000 + micros // 1000)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def opened(settings: Settings) -> Iterator[Callable[..., Service]]:
    """Makes a service with some settings of its own."""
    services = []

    def make(**options: object) -> Service:
        service = Service(replace(settings, webhook_allow=("127.0.0.0/8",), **options))
        services.append(service)
        return service

    yield make
    for service in services:
        service.close()


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened()


def test_the_end_of_a_job_is_told_to_its_webhook(service: Service, receiver: Receiver) -> None:
    job = service.succeeded(receiver.url, label="mine")
    assert service.webhooks.dispatch() == 1
    service.deliver(job)
    [came] = receiver.calls
    message = came.verified(Secrets(service.store).find(job.caller).text)
    assert (message["type"], set(message)) == ("job.succeeded", {"type", "timestamp", "data"})
    data = message["data"]
    assert isinstance(data, dict)
    assert (data["id"], data["analysis"], data["status"], data["label"], data["error"]) == (
        job.id,
        "double",
        "succeeded",
        "mine",
        None,
    )
    assert data["links"] == {
        "self": f"{BASE}jobs/{job.id}",
        "status": f"{BASE}queuedResource/{job.id}/status",
        "result": f"{BASE}resource/{job.id}/result",
    }
    assert b"secret" not in came.content
    assert (came.headers["webhook-id"], came.headers["Content-Type"]) == (job.webhook_delivery, "application/json")
    assert came.headers["User-Agent"].startswith("Coatcheck/")


def test_a_failed_job_tells_why(service: Service, receiver: Receiver) -> None:
    job = service.submitted(receiver.url)
    failure = Failure(cause=Cause.REJECTED, message="Too few rows.")
    service.leases.fail(service.leases.claim(job.id), failure, metrics=NOTHING)
    service.webhooks.dispatch()
    service.deliver(service.store.find(job.id))
    message = orjson.loads(receiver.calls[0].content)
    error = {"code": "analysis-rejected-input", "message": "Too few rows.", "cause": "rejected"}
    assert (message["type"], message["data"]["error"]) == ("job.failed", error)


def test_a_canceled_job_is_told_too(service: Service, receiver: Receiver) -> None:
    job = service.submitted(receiver.url)
    service.store.cancel(job.id)
    service.webhooks.dispatch()
    service.deliver(service.store.find(job.id))
    assert orjson.loads(receiver.calls[0].content)["type"] == "job.canceled"


def test_a_message_stays_small_however_much_an_error_says(service: Service, receiver: Receiver) -> None:
    job = service.submitted(receiver.url)
    failure = Failure(cause=Cause.REJECTED, message="\N{SNOWMAN}" * 5000)
    service.leases.fail(service.leases.claim(job.id), failure, metrics=NOTHING)
    service.webhooks.dispatch()
    service.deliver(service.store.find(job.id))
    assert len(receiver.calls[0].content) < 20_000


def test_a_job_without_a_webhook_leaves_nothing_in_the_outbox(service: Service) -> None:
    service.succeeded("")
    assert (service.webhooks.dispatch(), service.store.redis.exists(service.store.keys.outbox)) == (0, 0)


def test_the_outbox_is_emptied_by_one_look_and_a_second_makes_no_second_delivery(
    service: Service, receiver: Receiver
) -> None:
    job = service.succeeded(receiver.url)
    due = service.store.redis.zscore(service.store.keys.outbox, job.id)
    service.webhooks.dispatch()
    # As if the first look had died before it took the job out.
    service.store.redis.zadd(service.store.keys.outbox, {job.id: due})
    service.webhooks.dispatch()
    service.deliver(job)
    service.deliver(job)
    assert len(receiver.calls) == 1
    assert service.webhooks.internal.redis.zcard(service.webhooks.internal.keys.jobs) == 1
    assert not service.store.redis.exists(service.store.keys.outbox)


def test_without_an_internal_worker_jobs_wait_in_the_outbox(service: Service, receiver: Receiver) -> None:
    service.stop_delivering()
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch_soon(job)
    assert service.webhooks.dispatch() == 0
    assert service.delivery(job).state is DeliveryState.PENDING
    service.start_delivering()
    service.webhooks.dispatch_soon(job)
    assert not service.store.redis.exists(service.store.keys.outbox)


def test_without_an_internal_worker_the_outbox_does_not_grow_for_ever(
    opened: Callable[..., Service], receiver: Receiver
) -> None:
    service = opened(result_ttl=60, tombstone_ttl=60)
    service.stop_delivering()
    job = service.succeeded(receiver.url)
    old = milliseconds(service.store) - 125_000
    service.store.redis.zadd(service.store.keys.outbox, {"long-gone": old})
    service.webhooks.dispatch()
    assert service.store.redis.zrange(service.store.keys.outbox, 0, -1) == [job.id.encode()]


def test_a_job_whose_record_has_gone_is_dropped_from_the_outbox(service: Service, receiver: Receiver) -> None:
    job = service.succeeded(receiver.url)
    service.store.redis.delete(service.store.keys.record(job.id))
    service.webhooks.dispatch()
    assert not service.store.redis.exists(service.store.keys.outbox)
    assert service.webhooks.internal.redis.zcard(service.webhooks.internal.keys.jobs) == 0


def test_a_delivery_is_in_the_log(service: Service, receiver: Receiver) -> None:
    job = service.succeeded(receiver.url)
    assert service.delivery(job).state is DeliveryState.PENDING
    service.webhooks.dispatch()
    service.deliver(job)
    delivery = service.delivery(job)
    [attempt] = delivery.attempts
    assert (delivery.state, delivery.next_attempt) == (DeliveryState.DELIVERED, None)
    assert (attempt.call.status, attempt.call.error) == (204, "")
    assert (job.finished or 0) <= attempt.at <= time.time() * 1000


@pytest.mark.parametrize("status", [302, 400, 404, 500])
def test_what_is_no_success_is_tried_again_after_the_scheduled_wait(
    service: Service, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(job)
    delivery = service.delivery(job)
    assert delivery.state is DeliveryState.PENDING
    assert f"answered {status}" in delivery.attempts[0].call.error
    wait = (delivery.next_attempt or 0) - delivery.attempts[0].at - delivery.attempts[0].call.ms
    assert 5_000 <= wait <= 5_000 * (1 + JITTER) + 1_000
    assert service.delivering(job).status is JobStatus.QUEUED
    service.deliver(job)
    assert len(receiver.calls) == 1, "it was called before the wait was over"


def test_all_attempts_have_one_id_and_each_its_own_signature(service: Service, receiver: Receiver) -> None:
    receiver.statuses = [500, 500]
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(job)
    service.deliver_when_due(job)
    service.deliver_when_due(job)
    secret = Secrets(service.store).find(job.caller).text
    assert len({came.headers["webhook-id"] for came in receiver.calls}) == 1
    assert len({came.content for came in receiver.calls}) == 1
    assert all(came.verified(secret) for came in receiver.calls)
    assert [attempt.call.status for attempt in service.delivery(job).attempts] == [500, 500, 204]


def test_after_the_last_attempt_a_delivery_has_failed(opened: Callable[..., Service], receiver: Receiver) -> None:
    service = opened(webhook_retries=("60", "600"))
    receiver.status = 500
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(job)
    for _ in range(4):
        service.deliver_when_due(job)
    delivery = service.delivery(job)
    assert (len(receiver.calls), delivery.state, delivery.next_attempt) == (3, DeliveryState.FAILED, None)


@pytest.mark.parametrize(
    ("status", "asked", "wait"),
    [(503, "3600", 3600), (429, "3600", 3600), (500, "3600", 5), (503, "1", 5), (503, "99999999", LONGEST_ASKED)],
)
def test_a_busy_endpoint_may_ask_for_a_longer_wait_within_bounds(
    service: Service, receiver: Receiver, status: int, asked: str, wait: float
) -> None:
    receiver.status, receiver.headers = status, {"Retry-After": asked}
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(job)
    delivery = service.delivery(job)
    waits = ((delivery.next_attempt or 0) - delivery.attempts[0].at) / 1000
    assert wait <= waits <= wait * (1 + JITTER) + 2


def test_an_internal_worker_that_died_costs_none_of_the_scheduled_attempts(
    opened: Callable[..., Service], receiver: Receiver
) -> None:
    service = opened(webhook_retries=("60",))
    receiver.statuses = [500]
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    for _ in range(3):
        service.internal.claim(service.delivery(job).id)
        service.internal.release(service.delivery(job).id, why="worker_lost")
    service.deliver(job)
    service.deliver_when_due(job)
    assert (service.delivery(job).state, service.delivering(job).attempt) == (DeliveryState.DELIVERED, 5)


def test_a_delivery_whose_internal_job_was_given_up_has_failed(service: Service, receiver: Receiver) -> None:
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    delivering = service.delivering(job)
    for _ in range(delivering.max_attempts):
        service.internal.claim(delivering.id)
        service.internal.release(delivering.id, why="worker_lost")
    assert service.delivery(job).state is DeliveryState.FAILED
    service.webhooks.internal.redis.delete(service.webhooks.internal.keys.record(delivering.id))
    assert service.delivery(job).state is DeliveryState.FAILED


def test_a_run_that_has_lost_the_delivery_writes_nothing(service: Service, receiver: Receiver) -> None:
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()

    def overtake() -> None:
        delivering = service.delivering(job).id
        service.internal.release(delivering, why="worker_lost")
        other = service.internal.claim(delivering)
        quick = Call(status=200, ms=1, error="")
        assert service.webhooks.log.note(job, DeliveryState.DELIVERED, by=other, tries=1, call=quick)

    receiver.before, receiver.statuses = overtake, [500]
    service.deliver(job)
    assert service.delivery(job).state is DeliveryState.DELIVERED
    assert [attempt.call.status for attempt in service.delivery(job).attempts] == [200]


@pytest.fixture
def disabled(service: Service, receiver: Receiver) -> Job:
    """A job whose webhook has answered that it is gone."""
    receiver.statuses = [410]
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(job)
    return job


def test_an_endpoint_that_is_gone_is_disabled_for_its_caller(
    service: Service, receiver: Receiver, disabled: Job
) -> None:
    assert service.delivery(disabled).state is DeliveryState.DISABLED
    assert [each.url for each in Endpoints(service.store).disabled(disabled.caller)] == [receiver.url]
    assert Endpoints(service.store).disabled("somebody-else") == []


def test_a_disabled_endpoint_is_not_called(service: Service, receiver: Receiver, disabled: Job) -> None:
    later = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(later)
    assert (service.delivery(later).state, service.delivery(later).attempts) == (DeliveryState.DISABLED, ())
    assert len(receiver.calls) == 1


def test_another_callers_webhook_to_the_same_url_is_called(service: Service, receiver: Receiver, disabled: Job) -> None:
    other = service.succeeded(receiver.url, caller="somebody-else")
    service.webhooks.dispatch()
    service.deliver(other)
    assert service.delivery(other).state is DeliveryState.DELIVERED


def test_an_endpoint_that_was_enabled_is_called_again(service: Service, receiver: Receiver, disabled: Job) -> None:
    Endpoints(service.store).enable(disabled.caller, receiver.url)
    later = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(later)
    assert service.delivery(later).state is DeliveryState.DELIVERED


def test_a_redelivery_that_succeeds_enables_the_endpoint(service: Service, receiver: Receiver, disabled: Job) -> None:
    assert service.webhooks.redeliver(disabled)
    service.deliver(disabled)
    assert service.delivery(disabled).state is DeliveryState.DELIVERED
    assert Endpoints(service.store).disabled(disabled.caller) == []


def test_a_redelivery_that_fails_leaves_the_endpoint_disabled(
    service: Service, receiver: Receiver, disabled: Job
) -> None:
    receiver.statuses = [500]
    service.webhooks.redeliver(disabled)
    service.deliver(disabled)
    assert len(Endpoints(service.store).disabled(disabled.caller)) == 1


def test_a_redelivery_carries_the_same_message_and_id(service: Service, receiver: Receiver) -> None:
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(job)
    assert service.webhooks.redeliver(job)
    service.deliver(job)
    first, second = receiver.calls
    assert (first.headers["webhook-id"], first.content) == (second.headers["webhook-id"], second.content)
    assert [attempt.call.status for attempt in service.delivery(job).attempts] == [204, 204]


def test_a_redelivery_is_refused_while_a_delivery_is_pending(service: Service, receiver: Receiver) -> None:
    job = service.succeeded(receiver.url)
    assert not service.webhooks.redeliver(job)
    service.webhooks.dispatch()
    assert not service.webhooks.redeliver(job)
    receiver.statuses = [500]
    service.deliver(job)
    assert not service.webhooks.redeliver(job)


def test_of_two_redeliveries_at_once_one_begins(service: Service, receiver: Receiver) -> None:
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(job)
    over = service.delivery(job).id
    log = service.webhooks.log
    assert [log.begin_again(job, after=over, delivery=new_id()) for _ in range(2)] == [True, False]


def test_a_redelivery_that_was_begun_while_the_outbox_was_looked_at_is_not_lost(
    service: Service, receiver: Receiver
) -> None:
    job = service.succeeded(receiver.url)
    due = service.store.redis.zscore(service.store.keys.outbox, job.id)
    service.webhooks.dispatch()
    service.deliver(job)
    service.stop_delivering()
    wait_for_the_next_millisecond(service.store)
    service.webhooks.redeliver(job)
    # A slow look takes out what it had read: the first delivery, not this one.
    gone = service.store.scripts.run("dispatched", [service.store.keys.outbox], [job.id, f"{due:.0f}"])
    assert (gone, service.delivery(job).waiting) == (0, True)


def test_the_log_goes_with_the_record_of_its_job(opened: Callable[..., Service], receiver: Receiver) -> None:
    service = opened(result_ttl=60, tombstone_ttl=60)
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(job)
    service.webhooks.redeliver(job)
    keys = service.store.keys
    left = service.store.redis.pttl(keys.record(job.id))
    assert 0 < left <= 120_000
    for key in (keys.webhook(job.id), keys.webhook_calls(job.id)):
        assert 0 < service.store.redis.pttl(key) <= left


def test_a_job_whose_record_has_gone_is_not_told(service: Service, receiver: Receiver) -> None:
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    delivering = service.delivering(job)
    service.store.redis.delete(service.store.keys.record(job.id))
    service.deliver(job)
    assert (receiver.calls, service.webhooks.internal.find(delivering.id).is_final) == ([], True)
    assert not service.store.redis.exists(service.store.keys.webhook(job.id))


def test_a_secret_is_made_once_and_is_the_callers_own(service: Service) -> None:
    secrets = Secrets(service.store)
    assert secrets.find("ada") == secrets.find("ada")
    assert secrets.find("ada").text != secrets.find("bob").text
    assert secrets.find("ada").text.startswith("whsec_")


def test_after_a_rotation_both_secrets_verify(service: Service, receiver: Receiver) -> None:
    secrets = Secrets(service.store)
    old = secrets.find("anonymous").text
    new = secrets.rotate("anonymous")
    job = service.succeeded(receiver.url)
    service.webhooks.dispatch()
    service.deliver(job)
    [came] = receiver.calls
    assert (new.previous, new.text != old) == (old, True)
    assert came.verified(old) == came.verified(new.text)
    assert secrets.find("anonymous") == new


def test_a_secret_that_was_replaced_a_day_ago_signs_no_more(service: Service) -> None:
    secrets = Secrets(service.store)
    secrets.find("ada")
    new = secrets.rotate("ada")
    kept = f"{new.text} {new.previous} {int(time.time() * 1000) - 5000}"
    service.store.redis.hset(service.store.keys.webhook_secrets, "ada", kept)
    found = secrets.find("ada")
    assert (found.text, found.previous, found.previous_until) == (new.text, "", None)


def test_a_rotation_that_is_sent_twice_keeps_the_secret_before(service: Service) -> None:
    old = Secrets(service.store).find("ada").text
    key = service.store.keys.webhook_secrets
    for _ in range(2):
        service.store.scripts.run("rotate_secret", [key], ["ada", "whsec_new", 1000])
    assert service.store.redis.hget(key, "ada").decode().split()[:2] == ["whsec_new", old]


def test_a_disabled_endpoint_keeps_its_first_moment_and_the_oldest_are_forgotten(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.webhook_endpoints.MOST", 3)
    endpoints = Endpoints(service.store)
    for number in range(5):
        endpoints.disable("ada", f"http://{number}.example/")
        wait_for_the_next_millisecond(service.store)
    first = endpoints.disabled("ada")
    endpoints.disable("ada", "http://4.example/")
    assert [each.url for each in first] == [f"http://{number}.example/" for number in (4, 3, 2)]
    assert endpoints.disabled("ada") == first
