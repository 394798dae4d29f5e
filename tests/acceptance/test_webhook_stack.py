"""Webhooks from submission to receiver, with a real API, a real worker and a real internal worker."""

import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest
from processes import Api, Worker
from receiver import Receiver, receiving
from running_stack import RunningStack
from waiting import eventually

from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis

pytestmark = pytest.mark.alone


class Internal(Worker):
    """A worker that runs internal jobs."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(settings, folder, name="internal")
        self.arguments = ("worker", "--internal")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture(scope="module")
def settings_of_module(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        redis_url=redis_server.url,
        namespace="test-webhooks",
        data_dir=str(tmp_path_factory.mktemp("webhooks")),
        analyses=("samples",),
        open=True,
        # The machine may be busy; no test here takes Redis away.
        redis_timeout=5,
        lease=1,
        heartbeat=0.1,
        kill_grace=0.5,
        resend_after=0.3,
        stop_grace=2,
        webhook_allow=("127.0.0.0/8",),
        webhook_retries=("0.3", "0.3", "0.3"),
        webhook_timeout=5,
    )


@pytest.fixture(scope="module")
def service(settings_of_module: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with everything but a worker for internal jobs."""
    folder = tmp_path_factory.mktemp("logs")
    with (
        Api(settings_of_module, folder) as api,
        Worker(settings_of_module, folder, concurrency=1),
        httpx.Client(base_url=api.url, timeout=10) as client,
    ):
        yield client


@pytest.fixture
def internal(settings_of_module: Settings, tmp_path: Path) -> Iterator[Internal]:
    with Internal(settings_of_module, tmp_path) as started:
        yield started


def submitted(service: httpx.Client, receiver: Receiver, analysis: str = "double", **params: object) -> str:
    """The URL of a job with a webhook."""
    body = {"params": params, "webhook": receiver.url}
    answer = service.post(f"/analysis/{analysis}/run", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["links"]["self"])


def webhook_of(service: httpx.Client, job: str) -> dict[str, object]:
    found: dict[str, object] = service.get(f"{job}/webhook").raise_for_status().json()
    return found


def comes_to(service: httpx.Client, job: str, state: str) -> dict[str, object]:
    def look() -> dict[str, object] | None:
        found = webhook_of(service, job)
        return found if found["state"] == state else None

    return eventually(look, within=30, saying=f"The webhook did not come to be {state}") or {}


def test_the_end_of_a_job_is_told_and_leads_back_to_it(
    service: httpx.Client, receiver: Receiver, internal: Internal
) -> None:
    job = submitted(service, receiver, number=21)
    comes_to(service, job, "delivered")
    [came] = receiver.calls
    message = came.verified(service.get("/webhooks/secret").json()["secret"])
    data = message["data"]
    assert isinstance(data, dict)
    document = service.get(data["links"]["self"]).json()
    assert data["links"].items() <= document["links"].items()
    assert {name: data[name] for name in ("id", "analysis", "status", "label", "created", "finished", "error")} == {
        name: document[name] for name in ("id", "analysis", "status", "label", "created", "finished", "error")
    }
    assert service.get(data["links"]["result"]).json() == {"doubled": 42}


def test_a_failed_job_tells_the_error_that_its_document_has(
    service: httpx.Client, receiver: Receiver, internal: Internal
) -> None:
    job = submitted(service, receiver, "refuse", reason="Too few rows.")
    comes_to(service, job, "delivered")
    message = receiver.calls[0].verified(service.get("/webhooks/secret").json()["secret"])
    data = message["data"]
    assert isinstance(data, dict)
    assert (message["type"], data["error"]) == ("job.failed", service.get(job).json()["error"])


def test_a_queued_job_that_is_canceled_is_told(service: httpx.Client, receiver: Receiver, internal: Internal) -> None:
    blocking = submitted(service, receiver, "nap", seconds=600)
    eventually(lambda: service.get(blocking).json()["status"] == "running")
    waiting = submitted(service, receiver, number=1)
    service.delete(waiting)
    comes_to(service, waiting, "delivered")
    service.delete(blocking)
    comes_to(service, blocking, "delivered")
    assert [came.verified(service.get("/webhooks/secret").json()["secret"])["type"] for came in receiver.calls] == [
        "job.canceled"
    ] * 2


def test_an_endpoint_that_fails_is_called_again_until_it_takes_the_message(
    service: httpx.Client, receiver: Receiver, internal: Internal
) -> None:
    receiver.statuses = [500, 503]
    found = comes_to(service, submitted(service, receiver, number=1), "delivered")
    attempts = found["attempts"]
    assert isinstance(attempts, list)
    assert [attempt["status"] for attempt in attempts] == [500, 503, 204]
    first, second, third = (came.at for came in receiver.calls)
    assert min(second - first, third - second) >= 0.3


def test_an_endpoint_that_never_takes_it_has_failed_and_gets_it_when_it_is_asked_for(
    service: httpx.Client, receiver: Receiver, internal: Internal
) -> None:
    receiver.statuses = [500] * 4
    job = submitted(service, receiver, number=1)
    comes_to(service, job, "failed")
    again = service.post(f"{job}/webhook/redeliver")
    assert (again.status_code, again.headers["Location"]) == (202, f"{job}/webhook")
    comes_to(service, job, "delivered")
    assert len({came.headers["webhook-id"] for came in receiver.calls}) == 1


def test_what_ended_while_no_internal_worker_lived_is_told_by_the_next_one(
    service: httpx.Client, receiver: Receiver, settings_of_module: Settings, tmp_path: Path
) -> None:
    job = submitted(service, receiver, number=1)
    eventually(lambda: service.get(job).json()["status"] == "succeeded")
    assert (webhook_of(service, job)["state"], receiver.calls) == ("pending", [])
    with Internal(settings_of_module, tmp_path):
        comes_to(service, job, "delivered")


@pytest.mark.parametrize("way", ["its process is killed", "its worker is killed", "its worker is stopped"])
def test_a_call_that_was_broken_off_is_made_again(
    service: httpx.Client, receiver: Receiver, settings_of_module: Settings, tmp_path: Path, way: str
) -> None:
    released = threading.Event()
    receiver.before = lambda: released.wait(30)
    with Internal(replace(settings_of_module, webhook_timeout=30, stop_grace=0.3), tmp_path) as internal:
        job = submitted(service, receiver, number=1)
        eventually(lambda: receiver.calls, saying="The receiver was not called")
        everyone = internal.children
        if way == "its process is killed":
            for child in everyone:
                child.kill()
        else:
            internal.running.send_signal(signal.SIGKILL if way == "its worker is killed" else signal.SIGTERM)
            internal.running.wait(20)
            for child in psutil.wait_procs(everyone, timeout=0)[1]:
                child.kill()
            internal.start()
        eventually(lambda: len(receiver.calls) >= 2, within=30, saying="It was not called again")
        released.set()
        found = comes_to(service, job, "delivered")
    assert {came.headers["webhook-id"] for came in receiver.calls} == {found["id"]}


def test_a_whole_stack_delivers_also_after_its_internal_worker_was_killed(receiver: Receiver, tmp_path: Path) -> None:
    stack = RunningStack(folder=tmp_path, environment={"COATCHECK_WEBHOOK_ALLOW": "127.0.0.0/8"})
    try:
        stack.start()
        killed = stack.role("internal")
        killed.kill()
        eventually(lambda: stack.has_replaced("internal", killed), within=30)
        job = stack.submit("describe", data={"builtin": "iris"}, webhook=receiver.url)
        eventually(lambda: receiver.calls, within=60, saying="The receiver was not called")
    finally:
        stack.end()
    assert receiver.calls[0].headers["User-Agent"].startswith("Coatcheck/")
    assert job.encode() in receiver.calls[0].content
