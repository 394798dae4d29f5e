"""Readiness: what keeps the service from taking jobs, and what is only worth a warning."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient

from app.signals import readiness
from app.signals.readiness import StorageWatch
from jobs.blobs import Blobs
from jobs.errors import StorageError

#: Three requests at once ask for the first time, in a process as the server's are.
TOGETHER = """
from gevent import monkey

monkey.patch_all()

import sys

import gevent
from gevent.event import Event

from app.signals.readiness import StorageWatch
from jobs.blobs import Blobs

watch, go = StorageWatch(Blobs(sys.argv[1])), Event()
asking = [gevent.spawn(lambda: (go.wait(), watch.fault())) for _ in range(3)]
gevent.sleep(0)
go.set()
gevent.joinall(asking, timeout=30, raise_error=True)
print([each.value[1] for each in asking])
"""


class Storage(Blobs):
    """A storage that can be broken, and made to hang."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.fault: StorageError | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.asked = 0

    def write(self, name: str, content: bytes) -> None:
        self.asked += 1
        self.may_answer.wait(30)
        if self.fault:
            raise self.fault
        super().write(name, content)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    made = Storage(str(tmp_path / "blobs"))
    yield made
    made.may_answer.set()


def test_a_storage_that_can_be_written_has_no_fault_and_keeps_nothing(storage: Storage) -> None:
    assert StorageWatch(storage).fault() == ""
    assert storage.names() == []


def test_a_storage_that_refuses_is_told_with_its_reason(storage: Storage) -> None:
    storage.fault = StorageError("The blob store can't write: disk full")
    assert "disk full" in StorageWatch(storage).fault()


def test_the_storage_is_asked_again_only_after_a_while(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(readiness.time, "monotonic", lambda: now)
    watch = StorageWatch(storage)
    storage.fault = StorageError("away")
    assert [watch.fault(), watch.fault()] == ["away", "away"]
    assert storage.asked == 1
    storage.fault = None
    now += readiness.TRUSTED
    assert watch.fault() == ""


def test_a_storage_that_hangs_keeps_nobody_waiting_for_long(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", 0.05)
    watch = StorageWatch(storage)
    storage.may_answer.clear()
    assert [watch.fault(), watch.fault()] == ["it does not answer"] * 2
    assert storage.asked == 1
    storage.may_answer.set()
    monkeypatch.setattr(readiness, "PATIENCE", 30)
    assert watch.fault() == ""


def test_requests_that_come_at_once_all_get_the_answer(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", TOGETHER, str(tmp_path / "blobs")]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    assert done.stdout == "['', '', '']\n", done.stderr


def test_a_service_without_its_storage_is_ready_with_a_warning(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageError("The blob store can't write: disk full")

    monkeypatch.setattr(desk_of(app).store.blobs, "write", full)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert "disk full" in answer.json["checks"]["storage"]
    assert any("disk full" in warning for warning in answer.json["warnings"])
