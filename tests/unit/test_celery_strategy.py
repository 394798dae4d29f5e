"""What a worker does with a message: its job is with a process before Celery looks at it, or not without Celery."""

from collections.abc import Callable
from types import SimpleNamespace

import orjson
import pytest
from redis import Redis

from jobs.job import new_id
from worker import celery_strategy
from worker.crew import Run

JOB = new_id()

#: The headers of a message of this service, as far as they matter here.
HEADERS = {"id": JOB, "task": "double", "eta": None, "expires": None}

#: Headers of messages that Celery might wait with, or refuse.
ODD = [{"eta": "2026-01-01T00:00:00"}, {"expires": "soon"}, {"id": None}, {"id": 5}, {"id": "x" * 5000}]


class Processes:
    """A pool that notes what it is told."""

    def __init__(self, done: list[str]) -> None:
        self.done = done
        self.unjoined: tuple[str, int] | None = None

    def write_ahead(self, job_id: str) -> None:
        self.done.append(f"written {job_id}")
        self.unjoined = (job_id, 77)

    def is_ahead(self, job_id: str) -> bool:
        return self.unjoined is not None and self.unjoined[0] == job_id

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
        self.redis = Redis()
        self.consumer = SimpleNamespace(
            app=task.app,
            pool=SimpleNamespace(processes=self.processes),
            strategies={"double": None},
            hub=SimpleNamespace(on_tick=set()),
            task_consumer=SimpleNamespace(channel=SimpleNamespace(client=self.redis)),
        )
        self.handle = celery_strategy.prompt(task, None, self.consumer)  # type: ignore[arg-type]
        self.head_start = celery_strategy.HeadStart(self.consumer)
        self.head_start.start(self.consumer)

    def pop(self, message: bytes | None) -> object:
        """Reads a reply as redis-py does."""
        reply = None if message is None else [b"queue", message]
        return self.redis.response_callbacks["BRPOP"](reply)

    def turn(self) -> None:
        """Begins a turn of the event loop."""
        for act in self.consumer.hub.on_tick:
            act()


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


@pytest.mark.parametrize("odd", ODD)
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


def written(**other: object) -> bytes:
    return orjson.dumps({"body": "", "headers": HEADERS | other, "properties": {}})


def test_a_job_is_written_when_its_message_is_popped_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    assert worker.pop(written()) == [b"queue", written()]
    assert worker.done == [f"written {JOB}"]
    worker.handle(SimpleNamespace(headers=HEADERS))
    assert worker.done == [f"written {JOB}", "usual"]
    worker.turn()
    assert worker.lost == []


@pytest.mark.parametrize("odd", [*ODD, {"task": "unknown"}, {"task": []}])
def test_a_popped_message_of_another_kind_is_left_to_celery(
    monkeypatch: pytest.MonkeyPatch, odd: dict[str, object]
) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    worker.pop(written(**odd))
    assert worker.done == []


@pytest.mark.parametrize("message", [b"", b"{", b"[]", b"5", b"{}", b'{"headers": []}', b'{"headers": {}}', b"\xff"])
def test_what_is_no_message_is_left_to_kombu(monkeypatch: pytest.MonkeyPatch, message: bytes) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    assert worker.pop(message) == [b"queue", message]
    assert worker.done == []


def test_a_pop_that_found_nothing_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Worker(monkeypatch, comes_to_it).pop(None) is None


def test_the_run_of_a_message_that_celery_never_saw_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    worker.pop(written())
    worker.turn()
    assert worker.lost == [Run(JOB, 77)]
    worker.turn()
    assert worker.lost == [Run(JOB, 77)]


def test_it_is_given_back_before_the_next_one_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    worker.pop(written())
    worker.pop(written(id=(other := new_id())))
    assert worker.lost == [Run(JOB, 77)]
    worker.handle(SimpleNamespace(headers=HEADERS | {"id": other}))
    assert worker.done == [f"written {JOB}", f"written {other}", "usual"]
    assert worker.lost == [Run(JOB, 77)]


def test_it_is_given_back_when_the_connection_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    worker.pop(written())
    worker.head_start.stop(worker.consumer)
    assert worker.lost == [Run(JOB, 77)]
    assert worker.consumer.hub.on_tick == set()


def test_a_reply_that_is_read_after_the_end_is_left_to_kombu(monkeypatch: pytest.MonkeyPatch) -> None:
    """kombu reads one when it closes its channel; the pool has gone then."""
    worker = Worker(monkeypatch, comes_to_it)
    worker.head_start.stop(worker.consumer)
    worker.consumer.pool = None
    assert worker.pop(written()) == [b"queue", written()]
    assert worker.done == []


def test_a_pool_that_ends_in_between_is_given_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    worker.consumer.pool.processes = None
    assert worker.pop(written()) == [b"queue", written()]
    worker.turn()
    worker.head_start.stop(worker.consumer)
    assert (worker.done, worker.lost) == ([], [])


def test_what_was_never_started_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    celery_strategy.HeadStart(worker.consumer).stop(worker.consumer)
    assert worker.lost == []


def test_a_message_that_comes_when_the_pool_has_gone_is_left_to_celery(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch, comes_to_it)
    worker.consumer.pool.processes = None
    worker.handle(SimpleNamespace(headers=HEADERS))
    assert worker.done == ["usual"]
