"""What a worker does with a message: its job is with a process before Celery looks at it, or not without Celery."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from jobs.job import new_id
from worker import celery_strategy
from worker.crew import Run

JOB = new_id()

#: The headers of a message of this service, as far as they matter here.
HEADERS = {"id": JOB, "eta": None, "expires": None}


class Processes:
    """A pool that notes what it is told."""

    def __init__(self, done: list[str]) -> None:
        self.done = done
        self.unjoined: tuple[str, int] | None = None

    def write_ahead(self, job_id: str) -> None:
        self.done.append(f"written {job_id}")
        self.unjoined = (job_id, 77)

    def end_unjoined(self) -> tuple[str, int] | None:
        found, self.unjoined = self.unjoined, None
        return found


class Worker:
    """A worker whose usual way with a message is ``usual``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, usual: Callable[["Worker"], None]) -> None:
        self.done: list[str] = []
        self.lost: list[Run] = []
        self.processes = Processes(self.done)
        monkeypatch.setattr(celery_strategy, "default", lambda *_: lambda _message: usual(self))
        task = SimpleNamespace(app=SimpleNamespace(supervisor=SimpleNamespace(report_lost=self.lost.append)))
        consumer = SimpleNamespace(pool=SimpleNamespace(processes=self.processes))
        self.handle = celery_strategy.prompt(task, None, consumer)  # type: ignore[arg-type]


def comes_to_it(worker: Worker) -> None:
    worker.done.append("usual")
    worker.processes.unjoined = None


def refuses(worker: Worker) -> None:
    worker.done.append("refused")
    raise ValueError("No such message.")


def test_a_job_is_written_before_celery_keeps_its_books(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    worker.handle(SimpleNamespace(headers=HEADERS))
    assert worker.done == [f"written {JOB}", "usual"]
    assert worker.lost == []


@pytest.mark.parametrize(
    "odd", [{"eta": "2026-01-01T00:00:00"}, {"expires": "soon"}, {"id": None}, {"id": 5}, {"id": "x" * 5000}]
)
def test_a_message_of_another_kind_is_left_to_celery(monkeypatch: pytest.MonkeyPatch, odd: dict[str, object]) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    worker.handle(SimpleNamespace(headers=HEADERS | odd))
    assert worker.done == ["usual"]


def test_a_message_without_an_id_is_left_to_celery(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    worker.handle(SimpleNamespace(headers={}))
    assert worker.done == ["usual"]


def test_the_run_of_a_message_that_celery_refuses_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch, refuses)
    with pytest.raises(ValueError, match="No such message"):
        worker.handle(SimpleNamespace(headers=HEADERS))
    assert worker.done == [f"written {JOB}", "refused"]
    assert worker.lost == [Run(JOB, 77)]
