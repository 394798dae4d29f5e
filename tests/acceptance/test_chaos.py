"""A small chaos run over a real stack; ``make chaos`` makes the large one."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from chaos.plan import Fault, make_plan
from chaos.report import report
from chaos.run import Conditions, run
from rich.console import Console
from waiting import eventually

pytestmark = pytest.mark.alone

#: The folder that holds the package ``chaos``.
TESTS = Path(__file__).parents[1]


def test_no_job_is_lost_stuck_or_settled_twice_whatever_is_killed() -> None:
    plan = make_plan(1, jobs=250, rate=14, pause=1.2)
    conditions = Conditions(workers=3, result_ttl=8, tombstone_ttl=4, patience=40)
    outcome = asyncio.run(run(plan, conditions))
    report(outcome, Console(width=100))
    assert outcome.is_passed
    assert outcome.accepted == 250
    assert set(outcome.dealt) >= {*Fault} - {Fault.CHILD_KILLED, Fault.MESSAGE_LOST}


def test_a_run_that_is_interrupted_ends_all_that_it_started() -> None:
    chaos = subprocess.Popen([sys.executable, "-m", "chaos"], cwd=TESTS, start_new_session=True)
    try:
        started = eventually(lambda: _with_pools(chaos), within=60, saying="It did not start")
        chaos.send_signal(signal.SIGINT)
        assert chaos.wait(60) == 130
        assert psutil.wait_procs(started, timeout=5)[1] == []
    finally:
        chaos.kill()
        chaos.wait()


def _with_pools(chaos: "subprocess.Popen[bytes]") -> list[psutil.Process] | None:
    """All processes of the run, once its API and workers have forked; None before."""
    children = psutil.Process(chaos.pid).children(recursive=True)
    return children if len(children) > 8 else None
