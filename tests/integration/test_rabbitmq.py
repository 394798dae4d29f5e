"""Jobs by way of RabbitMQ: each message gets there once it can, and whoever submits never waits for that."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from urllib.parse import urlencode

import orjson
import pytest
from amqp import Channel, Message
from celery import Celery
from parts import needs_program
from rabbitmq_server import RabbitMQ
from redis import Redis
from silent_path import a_path_that_may_fall_silent
from submissions import submitted
from waiting import eventually

from jobs.job import JobStatus, Priority
from jobs.queues import rabbitmq
from jobs.queues.amqp import AmqpQueue
from jobs.queues.rabbitmq import ARGUMENTS
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep
from worker.broker import configuration

pytestmark = needs_program("rabbitmq-server")

#: What differs from one process or message to the next.
FREE = {"origin", "reply_to"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    with RabbitMQ(tmp_path_factory.mktemp("rabbitmq")) as running:
        yield running


@pytest.fixture
def broker_settings(settings: Settings, server: RabbitMQ) -> Settings:
    return replace(settings, broker_url=server.url)


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    store = Store(settings)
    assert isinstance(store.queue, AmqpQueue)
    yield store
    store.queue.close()
    store.redis.close()


@pytest.fixture
def broker_store(broker_settings: Settings) -> Iterator[Store]:
    with opened(broker_settings) as store:
        yield store


@pytest.fixture
def channel(server: RabbitMQ) -> Iterator[Channel]:
    with closing(server.connect()) as connection:
        yield connection.channel()


def taken(channel: Channel, store: Store) -> list[Message]:
    """What waits at RabbitMQ, in the order in which workers would take it."""
    channel.queue_declare(store.settings.namespace, durable=True, auto_delete=False, arguments=ARGUMENTS)
    messages = []
    while (message := channel.basic_get(store.settings.namespace, no_ack=True)) is not None:
        messages.append(message)
    return messages


def by_tls(server: RabbitMQ, port: int) -> str:
    """The URL of the server by TLS, by way of this port, with a certificate of the client's own."""
    own = server.authority.identify("publisher")
    options = urlencode(
        {
            "ssl_ca_certs": str(server.authority.certificate),
            "ssl_certfile": str(own.certificate),
            "ssl_keyfile": str(own.key),
        }
    )
    return f"amqps://127.0.0.1:{port}/?{options}"


def ids(messages: list[Message]) -> list[str]:
    return [message.properties["correlation_id"] for message in messages]


def fixed(properties: Mapping[str, object]) -> dict[str, object]:
    """The properties of a message without what differs from one to the next."""
    return {
        name: fixed(told) if isinstance(told, dict) else told for name, told in properties.items() if name not in FREE
    }


def left_in_redis(redis: Redis, settings: Settings) -> list[bytes]:
    """The keys of messages that were not brought on."""
    return [*redis.scan_iter(f"{settings.namespace}:handover:*"), *redis.scan_iter(f"{settings.namespace}:in-hand")]


def test_a_submitted_job_is_at_rabbitmq_at_once(broker_store: Store, channel: Channel) -> None:
    job = submitted(broker_store)
    assert ids(taken(channel, broker_store)) == [job.id]
    assert left_in_redis(broker_store.redis, broker_store.settings) == []


def test_the_message_is_what_celery_publishes(broker_store: Store, channel: Channel) -> None:
    app = Celery("contract", set_as_current=False)
    app.conf.update(configuration(broker_store.settings))

    @app.task(name="double")
    def double() -> None: ...

    job = submitted(broker_store, priority=Priority.HIGH)
    app.tasks["double"].apply_async(task_id=job.id, priority=8)
    app.close()
    ours, theirs = taken(channel, broker_store)
    assert orjson.loads(ours.body) == orjson.loads(theirs.body)
    assert ours.properties.keys() == theirs.properties.keys()
    assert fixed(ours.properties) == fixed(theirs.properties)
    assert ours.headers.keys() == theirs.headers.keys()


def test_what_is_urgent_is_taken_first(broker_store: Store, channel: Channel) -> None:
    low, normal, high = (submitted(broker_store, priority=each).id for each in reversed(Priority))
    assert ids(taken(channel, broker_store)) == [high, normal, low]


def test_no_message_is_lost_or_doubled_where_many_are_handed_over_at_once(
    broker_store: Store, broker_settings: Settings, channel: Channel, server: RabbitMQ
) -> None:
    # Nobody listens there, so all are handed over and none brought on.
    with opened(replace(broker_settings, broker_url="amqp://127.0.0.1:1/")) as offline:
        jobs = {submitted(offline).id for _ in range(250)}
    broker_store.forward()
    found = ids(taken(channel, broker_store))
    assert (len(found), set(found)) == (250, jobs)


def test_submitting_does_not_wait_for_a_broker_that_hangs(
    broker_store: Store, channel: Channel, server: RabbitMQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbitmq, "TIMEOUT", 0.5)
    server.pause()
    try:
        began = time.monotonic()
        jobs = [submitted(broker_store).id for _ in range(20)]
        # One of them has waited until the connection could not be made.
        assert time.monotonic() - began < 2
        assert {broker_store.find(job).status for job in jobs} == {JobStatus.QUEUED}
    finally:
        server.resume()
    monkeypatch.setattr(rabbitmq, "TIMEOUT", 5)
    arrived: set[str] = set()

    def all_there() -> bool:
        sweep(broker_store)
        arrived.update(ids(taken(channel, broker_store)))
        return arrived == set(jobs)

    eventually(all_there, within=30)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_an_idle_connection_that_died_in_silence_delays_no_job(
    settings: Settings, server: RabbitMQ, channel: Channel, *, tls: bool
) -> None:
    with a_path_that_may_fall_silent(server.tls_port if tls else server.port) as path:
        url = by_tls(server, path.port) if tls else f"amqp://guest:guest@127.0.0.1:{path.port}/"
        with opened(replace(settings, broker_url=url)) as store:
            before = submitted(store).id
            path.fall_silent()
            idle_since = time.monotonic()
            eventually(lambda: time.monotonic() - idle_since > rabbitmq.UNHEARD)
            began = time.monotonic()
            after = submitted(store).id
            assert time.monotonic() - began < 1.5
            # It is there already: neither the next sweep nor another process has to bring it on.
            assert ids(taken(channel, store)) == [before, after]
            assert path.connections == 2


def test_a_connection_that_holds_is_kept(
    settings: Settings, server: RabbitMQ, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However busy this machine is.
    monkeypatch.setattr(rabbitmq, "PROBE", 5)
    with (
        a_path_that_may_fall_silent(server.port) as path,
        opened(replace(settings, broker_url=f"amqp://guest:guest@127.0.0.1:{path.port}/")) as store,
    ):
        submitted(store)
        idle_since = time.monotonic()
        eventually(lambda: time.monotonic() - idle_since > rabbitmq.UNHEARD)
        submitted(store)
        submitted(store)
        assert len(taken(channel, store)) == 3
        assert path.connections == 1


def test_a_queue_that_somebody_deletes_is_made_again(broker_store: Store, channel: Channel) -> None:
    first = submitted(broker_store)
    channel.queue_delete(broker_store.settings.namespace)
    second = submitted(broker_store)
    arrived: set[str] = set()

    def both_there() -> bool:
        sweep(broker_store)
        arrived.update(ids(taken(channel, broker_store)))
        return arrived == {first.id, second.id}

    eventually(both_there, within=30)


def test_a_job_whose_message_is_gone_is_sent_again(broker_store: Store, channel: Channel) -> None:
    job = submitted(broker_store)
    assert ids(taken(channel, broker_store)) == [job.id]
    eventually(lambda: sweep(broker_store).recovered == {job.id: "sent"})
    assert ids(taken(channel, broker_store)) == [job.id]


def test_a_job_that_waits_at_rabbitmq_is_not_sent_again(broker_store: Store, channel: Channel) -> None:
    job = submitted(broker_store)
    lost = time.monotonic() + 3 * broker_store.settings.resend_after
    while time.monotonic() < lost:
        assert sweep(broker_store).recovered == {}
    assert ids(taken(channel, broker_store)) == [job.id]


def test_a_job_that_was_queued_when_redis_was_the_broker_is_brought_on(
    settings: Settings, broker_store: Store, channel: Channel
) -> None:
    before = Store(settings)
    job = submitted(before)
    before.redis.close()
    eventually(lambda: sweep(broker_store).recovered == {job.id: "sent"})
    assert ids(taken(channel, broker_store)) == [job.id]


def test_jobs_go_to_rabbitmq_by_tls(settings: Settings, server: RabbitMQ, channel: Channel) -> None:
    with opened(replace(settings, broker_url=by_tls(server, server.tls_port))) as store:
        job = submitted(store)
        assert ids(taken(channel, store)) == [job.id]


def test_rabbitmq_is_not_believed_with_a_certificate_of_somebody_else(settings: Settings, server: RabbitMQ) -> None:
    own = server.authority.identify("doubter")
    options = urlencode({"ssl_ca_certs": str(own.certificate)})
    with opened(replace(settings, broker_url=f"amqps://127.0.0.1:{server.tls_port}/?{options}")) as store:
        submitted(store)
        assert left_in_redis(store.redis, store.settings) == [f"{settings.namespace}:handover:3".encode()]
