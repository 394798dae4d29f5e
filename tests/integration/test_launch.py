"""The launcher of the stack's processes: it ties a process to its manager's life and to its log."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from stack import launch

#: Starts the launcher as the manager does, says its process id, and waits.
MANAGER = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), os.devnull, *sys.argv[2:]])
print(child.pid, flush=True)
time.sleep(1000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_process_ends_with_its_manager() -> None:
    command = [sys.executable, "-c", MANAGER, launch.__file__, "sleep", "1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as manager:
        assert manager.stdout is not None
        child = psutil.Process(int(manager.stdout.readline()))
        _wait_for_program(child, "sleep")
        manager.kill()
    _, left = psutil.wait_procs([child], timeout=15)
    for process in left:
        process.kill()
    assert left == []


def _wait_for_program(process: psutil.Process, name: str) -> None:
    ends = time.monotonic() + 30
    while process.name() != name:
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_process_whose_manager_is_gone_already_does_not_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    command = [sys.executable, "-I", "-S", launch.__file__, "1", str(log), "echo", "started"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, log.read_text()) == (1, "")


def test_both_outputs_go_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    command = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(log)]
    subprocess.run([*command, "sh", "-c", "echo out; exec >&2; echo err"], check=True)
    assert log.read_text() == "out\nerr\n"


def test_a_program_that_is_not_there_is_told_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    command = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(log), "/no/such/program"]
    assert subprocess.run(command).returncode == 127
    assert log.read_text() == "/no/such/program: No such file or directory\n"
