"""RQ's processes in small: the bell, reports through a pipe, and a crew that signals only what lives."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import Pipe

import pytest

import jobs.settings
from jobs.errors import SettingsError
from jobs.settings import load_settings
from worker.crew import Run
from worker.rq_bell import Bell, end_of
from worker.rq_crew import RqCrew
from worker.rq_report import Report, received, send

#: Longer than any of these waits should take, seconds.
LONG = 20.0


@pytest.fixture
def bell() -> Iterator[Bell]:
    """A bell; the signals of the test run are as before afterwards."""
    handler = signal.getsignal(signal.SIGCHLD)
    yield Bell()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, handler)


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that waits to be told to end."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_the_end_of_a_child_rings(bell: Bell, child: "subprocess.Popen[bytes]") -> None:
    assert end_of(child.pid) is None
    child.kill()
    began = time.monotonic()
    while (status := end_of(child.pid)) is None:
        bell.wait(LONG)
    assert time.monotonic() - began < LONG
    assert os.WTERMSIG(status) == signal.SIGKILL


def test_a_ring_before_the_wait_is_heard(bell: Bell) -> None:
    os.kill(os.getpid(), signal.SIGCHLD)
    began = time.monotonic()
    bell.wait(LONG)
    assert time.monotonic() - began < LONG


def test_a_child_that_is_unknown_has_not_ended_well() -> None:
    assert end_of(os.getpid()) == -1


def test_reports_come_in_their_order_and_end_with_their_writers(bell: Bell) -> None:
    ours, theirs = Pipe(duplex=False)
    run = Run("01a1feb8-2049-7a45-8533-8c004930578c", 4711)
    assert received(ours) == []
    send(theirs, Report(run=run, status=None))
    send(theirs, Report(run=run, status=9))
    bell.wait(LONG, others=[ours])
    assert received(ours) == [Report(run=run, status=None), Report(run=run, status=9)]
    theirs.close()
    assert received(ours) == []
    ours.close()


def test_a_report_to_a_parent_that_is_gone_is_an_error() -> None:
    ours, theirs = Pipe(duplex=False)
    ours.close()
    with pytest.raises(BrokenPipeError):
        send(theirs, Report(run=Run("x", 1), status=None))
    theirs.close()


def test_the_crew_signals_a_run_that_has_begun_and_no_other(child: "subprocess.Popen[bytes]") -> None:
    crew, run = RqCrew(), Run("x", child.pid)
    crew.kill(run)
    assert child.poll() is None
    crew.began(run)
    assert list(crew.running()) == [run]
    crew.kill(run)
    assert child.wait(LONG) == -signal.SIGKILL
    # Nobody has said that it ended; a process that is gone is fine.
    crew.kill(run)
    crew.ended(run)
    assert not crew.running()


def test_rq_without_its_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_ENGINE", "rq")
    monkeypatch.setattr(jobs.settings, "find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match="COATCHECK_ENGINE=rq: RQ is not installed here"):
        load_settings()


@pytest.mark.parametrize("verb", ["api", "worker", "up"])
def test_an_engine_that_is_none_is_one_line(verb: str) -> None:
    command = [sys.executable, "-m", "coatcheck", verb, "--engine", "kafka"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert done.stderr.strip().endswith("COATCHECK_ENGINE=kafka: allowed is celery or rq")
    assert len(done.stderr.strip().splitlines()) == 1
