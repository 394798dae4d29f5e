"""`coatcheck up --flower`: the dashboard beside everything else."""

from pathlib import Path

import httpx
from processes import free_port
from running_stack import RunningStack, eventually

#: What Flower's page of tasks asks for.
_ALL = {"draw": "1", "start": "0", "length": "9", "order[0][column]": "0", "columns[0][data]": "name"}


def test_flower_shows_the_jobs_of_a_stack_that_was_started_with_it(tmp_path: Path) -> None:
    port = str(free_port())
    stack = RunningStack(tmp_path, ("--flower", "--workers", "1"), {"COATCHECK_FLOWER_PORT": port})
    try:
        stack.start()
        flower = f"http://127.0.0.1:{port}/flower"
        assert f"Flower: {flower}/\n" in stack.output
        eventually(lambda: _answers(f"{flower}/healthcheck"), seconds=60)
        job = stack.submit("describe", data={"builtin": "iris"})
        eventually(lambda: (job, "describe", "SUCCESS") in _shown(flower), seconds=60)
        assert stack.stop() == 0
    finally:
        stack.end()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _shown(flower: str) -> list[tuple[str, str, str]]:
    tasks = httpx.get(f"{flower}/tasks/datatable", params=_ALL, timeout=10).json()["data"]
    return [(each["uuid"], each["name"], each["state"]) for each in tasks]
