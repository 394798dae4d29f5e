"""What Flower is told at its start, and what workers tell it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.internal import internal_settings
from jobs.job import JobStatus
from jobs.settings import Settings
from worker.broker import configuration
from worker.celery_consumer import GATHERS, SteadyConsumer
from worker.celery_events import told_by
from worker.flower_command import fault_of
from worker.flower_hosts import is_one_of
from worker.flower_role import options


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_this_machine_only_flower_needs_no_proxy(host: str) -> None:
    assert fault_of(Settings(flower_host=host)) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "flower.example.org"])
def test_elsewhere_flower_needs_to_be_told_of_a_proxy(host: str) -> None:
    assert "COATCHECK_FLOWER_BEHIND_PROXY" in fault_of(Settings(flower_host=host))
    assert fault_of(Settings(flower_host=host, flower_behind_proxy=True)) == ""


def test_flower_is_told_to_change_nothing_and_to_read_no_file_of_the_folder() -> None:
    told = options(Settings(flower_prefix="/lab/flower"), Path("/data"))
    assert {"--read_only=true", "--enable_events=false", f"--conf={os.devnull}", "--url_prefix=lab/flower"} <= {*told}


@pytest.mark.parametrize(
    ("names", "host", "is_known"),
    [
        ((), "localhost.", True),
        ((), "app.localhost", True),
        ((), "192.0.2.1", True),
        ((), "evil.example", False),
        (("evil.example.org",), "evil.example", False),
        ((".example.org",), "flower.example.org", True),
        ((".example.org",), "notexample.org", False),
        (("*",), "anything.example", True),
    ],
)
def test_flower_goes_by_what_no_page_can_have_and_what_is_named(
    names: tuple[str, ...], host: str, is_known: bool
) -> None:
    assert is_one_of(names, host) is is_known


def test_one_flower_hears_all_workers_of_a_service_and_no_others() -> None:
    settings = Settings(namespace="one")
    exchanges = [
        configuration(each)["event_exchange"]
        for each in (settings, internal_settings(settings), Settings(namespace="other"))
    ]
    assert exchanges == ["one.events", "one.events", "other.events"]


@pytest.mark.parametrize("events", [True, False])
def test_workers_tell_what_they_do_where_that_is_set(events: bool) -> None:
    assert configuration(Settings(events=events))["worker_send_task_events"] is events


def test_a_run_that_succeeded_is_told_as_celery_does() -> None:
    assert told_by(repr("succeeded")) is None


@pytest.mark.parametrize(
    ("result", "event"),
    [
        ("failed", "task-failed"),
        ("queued", "task-retried"),
        ("canceled", "task-revoked"),
        ("", "task-revoked"),
    ],
)
def test_a_run_that_did_not_succeed_is_told_as_what_became_of_the_job(result: str, event: str) -> None:
    told = told_by(repr(result))
    assert told is not None
    assert told[0] == event


def test_every_status_that_a_run_can_leave_is_told() -> None:
    told = {status: told_by(repr(str(status))) for status in JobStatus}
    assert [status for status, event in told.items() if event is None] == [JobStatus.SUCCEEDED]


class _Hub:
    """An event loop that keeps what it is to call later."""

    def __init__(self) -> None:
        self.later: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay: float, act: Callable[[], None]) -> None:
        self.later.append((delay, act))


class _Dispatcher:
    """Counts how often events are sent."""

    def __init__(self) -> None:
        self.buffer_limit = 24
        self.sent = 0

    def flush(self) -> None:
        self.sent += 1


def test_events_wait_for_others_and_are_sent_together() -> None:
    consumer = SteadyConsumer.__new__(SteadyConsumer)
    consumer.hub, consumer.event_dispatcher = _Hub(), _Dispatcher()
    for _ in range(100):
        consumer.on_send_event_buffered()
    ((delay, send),) = consumer.hub.later
    send()
    assert (delay, consumer.event_dispatcher.sent) == (GATHERS, 1)
    assert consumer.event_dispatcher.buffer_limit > 100
    consumer.on_send_event_buffered()
    assert len(consumer.hub.later) == 2


def test_events_that_wait_while_the_connection_is_lost_do_no_harm() -> None:
    consumer = SteadyConsumer.__new__(SteadyConsumer)
    consumer.hub, consumer.event_dispatcher = _Hub(), _Dispatcher()
    consumer.on_send_event_buffered()
    consumer.event_dispatcher = None
    ((_, send),) = consumer.hub.later
    send()
