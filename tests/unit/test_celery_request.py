"""When a broker hears that a message was taken: RabbitMQ in a later turn of the event loop, Redis not at all."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from worker import celery_crew
from worker.celery_crew import SupervisedRequest


def request_over(broker_url: str, told: list[str]) -> SupervisedRequest:
    """A request whose message came over that broker ("": Redis)."""
    request = SupervisedRequest.__new__(SupervisedRequest)
    request._task = SimpleNamespace(
        app=SimpleNamespace(duty=SimpleNamespace(settings=SimpleNamespace(broker_url=broker_url)))
    )
    request._on_ack = lambda *_: told.append("acknowledged")
    request._connection_errors = ()
    request.acknowledged = False
    return request


def test_rabbitmq_is_told_once_this_turn_of_the_loop_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    later: list[Callable[[], None]] = []
    monkeypatch.setattr(celery_crew, "get_event_loop", lambda: SimpleNamespace(call_soon=later.append))
    request = request_over("amqp://localhost", told)
    request.acknowledge()
    assert told == []
    for act in later:
        act()
    assert told == ["acknowledged"]
    assert request.acknowledged


def test_redis_is_not_told() -> None:
    told: list[str] = []
    request = request_over("", told)
    request.acknowledge()
    assert told == []
    assert request.acknowledged
