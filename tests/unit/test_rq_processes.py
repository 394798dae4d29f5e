"""RQ's processes in small: the bell, reports through a pipe, and a crew that signals only what lives."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path

import pytest

import jobs.settings
import worker.rq_worker
from jobs.errors import SettingsError
from jobs.settings import Settings, load_settings
from worker.crew import Run
from worker.duty import new_duty
from worker.rq_bell import Bell, end_of
from worker.rq_crew import RqCrew
from worker.rq_report import Report, received, send
from worker.rq_worker import Courier, Delivered

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


@pytest.mark.usefixtures("bell")
def test_who_waits_for_a_horse_sleeps_though_redis_was_away_when_it_began(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(worker.rq_worker, "BEAT", 0.05)
    settings = Settings(redis_url=f"unix://{tmp_path}/none.sock", engine="rq", data_dir=str(tmp_path))
    ours, theirs = Pipe(duplex=False)
    courier = Courier(new_duty(settings, {}), name="w.1", reports=theirs)
    wait, waits = courier._bell.wait, []
    monkeypatch.setattr(courier._bell, "wait", lambda longest: waits.append(wait(longest)))
    job = Delivered.create("", connection=courier.connection)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"]) as horse:
        assert courier._wait_for_end(horse.pid, job, None) == 0
    # One each beat; a busy machine makes the child take longer.
    assert len(waits) < 1000
    ours.close()
    theirs.close()


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
