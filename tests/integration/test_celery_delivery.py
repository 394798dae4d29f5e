"""What kombu leaves in Redis when a worker takes a message: nothing, as the sweep finds those that are lost."""

from collections.abc import Iterator

import pytest
from celery import Celery
from kombu import Connection
from kombu.message import Message
from redis.client import Monitor
from submissions import submitted

from jobs.settings import Settings
from jobs.store import Store
from worker.broker import configuration


@pytest.fixture
def broker(settings: Settings) -> Iterator[Connection]:
    """A connection as a worker of these settings makes it."""
    app = Celery("delivery", set_as_current=False)
    app.conf.update(configuration(settings))
    with app.connection_for_read() as connection:
        yield connection
    app.close()


def taken(broker: Connection, settings: Settings) -> Message:
    """The next message, taken as a worker takes it, and not acknowledged."""
    found: list[Message] = []
    [queue] = configuration(settings)["task_queues"]  # type: ignore[misc]
    with broker.Consumer([queue], on_message=found.append, accept=["json"]):
        broker.drain_events(timeout=30)
        # As kombu does every few seconds.
        broker.transport.cycle.maybe_restore_messages()
    [message] = found
    return message


def heard(monitor: Monitor, store: Store) -> list[str]:
    """What Redis was asked since the monitor began."""
    store.redis.echo("That is all.")
    commands = []
    while not (command := monitor.next_command()["command"]).startswith("ECHO"):
        commands.append(command)
    return commands


def test_a_message_that_was_taken_is_noted_nowhere(settings: Settings, store: Store, broker: Connection) -> None:
    job = submitted(store)
    with store.redis.monitor() as monitor:
        message = taken(broker, settings)
        asked = heard(monitor, store)
    assert message.headers["id"] == job.id
    assert any(command.startswith("BRPOP") for command in asked)
    assert not [command for command in asked if "unacked" in command]


def test_a_message_that_was_taken_does_not_come_back(settings: Settings, store: Store, broker: Connection) -> None:
    job = submitted(store)
    taken(broker, settings)
    # The connection ends, and the message was not acknowledged.
    broker.close()
    assert store.redis.llen(store.queue.key(job.step)) == 0
