"""`coatcheck up` with RQ instead of Celery: the same API in front, the same care behind it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from running_stack import RunningStack, eventually

pytestmark = pytest.mark.alone

#: A job of some ten seconds.
LONG_JOB = {
    "data": {"builtin": "digits"},
    "params": {"target": "target", "estimator": "random_forest", "folds": 20},
}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    stack = RunningStack(folder=tmp_path, options=["--engine", "rq"])
    yield stack.start()
    stack.end()


def is_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_job_is_walked_its_figure_drawn_and_nothing_outlives_a_kill(stack: RunningStack) -> None:
    job = stack.submit("train", data={"builtin": "iris"}, params={"target": "target"})
    eventually(lambda: stack.status(job) == "succeeded", seconds=120)
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        figures = client.get(f"/jobs/{job}").json()["figures"]
        # The internal worker draws it.
        drawn = client.get(figures[0]["links"]["self"], headers={"Accept": "image/svg+xml"}, follow_redirects=True)
    assert (drawn.status_code, drawn.headers["Content-Type"]) == (200, "image/svg+xml")

    long = stack.submit("train", **LONG_JOB)
    eventually(lambda: stack.status(long) == "running")
    everyone = stack.processes()
    stack.stop(signal.SIGKILL)
    eventually(lambda: all(map(is_ended, everyone)))
