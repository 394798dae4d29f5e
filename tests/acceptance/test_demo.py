"""`coatcheck demo` as a newcomer runs it: a stack of its own, a real upload, the walk and the metrics."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from running_stack import START, clean_environment, coatcheck, eventually

#: An address where nothing answers.
NOBODY = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    """One whole demonstration."""
    return coatcheck("demo", "--url", NOBODY, TMPDIR=str(tmp_path_factory.mktemp("t")))


def test_the_demo_succeeds(demonstrated: "subprocess.CompletedProcess[str]") -> None:
    assert (demonstrated.returncode, demonstrated.stderr) == (0, "")


def test_the_demo_shows_202_202_303_200(demonstrated: "subprocess.CompletedProcess[str]") -> None:
    walk = demonstrated.stdout.partition("The walk:\n")[2]
    answers = re.findall(r"^  (\d{3})(?: × \d+)?(?:  |$)", walk, re.MULTILINE)  # noqa: RUF001
    assert answers == ["202", "202", "303", "200"]


def test_the_demo_s_progress_moves(demonstrated: "subprocess.CompletedProcess[str]") -> None:
    assert len(set(re.findall(r"^ +(\d+) % running", demonstrated.stdout, re.MULTILINE))) > 2


def test_the_demo_s_model_beats_its_baseline(demonstrated: "subprocess.CompletedProcess[str]") -> None:
    line = next(line for line in demonstrated.stdout.splitlines() if line.strip().startswith("accuracy"))
    mean, _, baseline = re.findall(r"\d\.\d+", line)
    assert float(mean) > 0.9 > float(baseline)


def test_the_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    assert coatcheck("demo", "--url", NOBODY, TMPDIR=str(tmp_path)).returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_demo_stops_what_it_started(tmp_path: Path, signum: int, code: int) -> None:
    command = [sys.executable, "-m", "coatcheck", "demo", "--url", NOBODY]
    environment = clean_environment(TMPDIR=str(tmp_path), PYTHONUNBUFFERED="1")
    log = tmp_path.parent / f"{tmp_path.name}.log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environment) as process:
        eventually(lambda: "The ticket" in log.read_text(), seconds=START)
        left = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signum)
        assert process.wait(60) == code
    assert psutil.wait_procs(left, timeout=5)[1] == []
    assert list(tmp_path.iterdir()) == []


def test_a_stack_that_cannot_start_fails_the_demo_and_shows_its_log(tmp_path: Path) -> None:
    failed = coatcheck("demo", "--url", NOBODY, TMPDIR=str(tmp_path), COATCHECK_LEASE="soon")
    assert failed.returncode == 1
    assert "The server ended with code 1." in failed.stderr
    assert "COATCHECK_LEASE=soon" in failed.stderr


def test_the_demo_needs_no_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    done = coatcheck("demo", "--url", NOBODY, HOME=str(home), TMPDIR=str(tmp_path), COLUMNS="80")
    assert (done.returncode, os.listdir(home)) == (0, [])
