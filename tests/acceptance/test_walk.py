"""The walk against real processes: a Redis, an API of two processes, a worker; by requests and by curl."""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests
from parts import needs_program
from processes import Api, Worker, free_port
from waiting import eventually

from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis, RedisAddress

WINE = Path(__file__).parents[2] / "client" / "coatcheck" / "wine.csv"

#: Longest that an answer may take while Redis is away, seconds.
SOON = 2.0


@dataclass(frozen=True)
class Stack:
    """The processes of this module."""

    redis: EmbeddedRedis
    api: Api
    worker: Worker

    @property
    def url(self) -> str:
        return self.api.url


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("walk")
    with EmbeddedRedis(data_dir=folder / "redis", address=RedisAddress(port=free_port())) as redis:
        settings = Settings(
            redis_url=redis.url,
            namespace="test-walk",
            data_dir=str(folder),
            analyses=("samples", "tasks"),
            open=True,
            heartbeat=0.2,
            max_body=2_000_000,
        )
        with Worker(settings, folder) as worker, Api(settings, folder, processes=2) as api:
            yield Stack(redis, api, worker)

    return free_port()


def hand_in(stack: Stack, analysis: str = "double", **body: object) -> requests.Response:
    body.setdefault("params", {"number": 21} if analysis == "double" else {})
    return requests.post(f"{stack.url}/analysis/{analysis}/run", json=body, timeout=10)


def follow(location: str) -> requests.Response:
    """Polls until the status is no longer 202, without following; then follows once."""
    answer = eventually(lambda: ended(location), within=60, saying="The job did not end")
    assert answer.status_code == 303
    return requests.get(answer.headers["Location"], timeout=10)


def ended(location: str) -> requests.Response | None:
    answer = requests.get(location, allow_redirects=False, timeout=10)
    return None if answer.status_code == 202 else answer


def test_the_walk_goes_202_202_303_200(stack: Stack) -> None:
    accepted = hand_in(stack, "nap", params={"seconds": 0.5})
    polled = requests.get(accepted.headers["Location"], allow_redirects=False, timeout=10)
    result = follow(polled.headers["Location"])
    assert (accepted.status_code, polled.status_code, result.status_code) == (202, 202, 200)
    assert result.json()["slept"] >= 0.5
    assert requests.get(accepted.headers["Operation-Location"], timeout=10).json()["status"] == "succeeded"


def test_requests_comes_to_the_result_by_redirects_alone(stack: Stack) -> None:
    location = hand_in(stack).headers["Location"]
    answer = eventually(lambda: landed(location))
    assert (answer.json(), len(answer.history)) == ({"doubled": 42}, 1)


def landed(location: str) -> requests.Response | None:
    answer = requests.get(location, timeout=10)
    return answer if answer.status_code != 202 else None


@needs_program("curl")
def test_curl_comes_to_the_result_by_redirects_alone(stack: Stack) -> None:
    location = hand_in(stack).headers["Location"]

    def by_curl() -> str:
        command = ["curl", "-sS", "-L", "-w", "\n%{http_code} %{num_redirects}", location]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        return told.stdout if told.stdout.endswith("200 1") else ""

    assert json.loads(eventually(by_curl).rpartition("\n")[0]) == {"doubled": 42}


@pytest.mark.parametrize(
    ("analysis", "params", "status", "slug"),
    [
        ("refuse", {"reason": "Too few rows."}, 422, "analysis-rejected-input"),
        ("crash", {}, 424, "analysis-failed"),
        ("die", {}, 424, "analysis-failed"),
    ],
)
def test_a_failed_job_leads_to_its_problem(
    stack: Stack, analysis: str, params: dict[str, object], status: int, slug: str
) -> None:
    answer = follow(hand_in(stack, analysis, params=params).headers["Location"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["type"].endswith(f"/problems/{slug}")


def test_a_running_job_is_canceled(stack: Stack) -> None:
    accepted = hand_in(stack, "sulk", params={"seconds": 60})
    job = accepted.headers["Operation-Location"]
    eventually(lambda: requests.get(job, timeout=10).json()["status"] == "running")
    assert requests.delete(job, timeout=10).status_code == 202
    assert follow(accepted.headers["Location"]).status_code == 410


def test_a_csv_is_uploaded_and_trained_on(stack: Stack) -> None:
    with WINE.open("rb") as file:
        accepted = requests.post(
            f"{stack.url}/analysis/train/run",
            files={"data": file},
            data={"params": json.dumps({"target": "cultivar", "estimator": "linear"})},
            timeout=10,
        )
    result = follow(accepted.headers["Location"]).json()
    assert (result["problem"], result["rows"]) == ("classification", 178)
    assert result["metrics"]["accuracy"]["mean"] > 0.9


def test_inline_columns_are_described(stack: Stack) -> None:
    columns = {"a": [1, 2, None, 4], "b": ["x", "y", "x", None]}
    result = follow(hand_in(stack, "describe", data={"columns": columns}).headers["Location"]).json()
    assert [(profile["column"], profile["missing"]) for profile in result["profiles"]] == [("a", 1), ("b", 1)]


def test_a_missing_target_is_refused_with_what_there_is(stack: Stack) -> None:
    answer = follow(hand_in(stack, "train", data={"builtin": "iris"}, params={"target": "specie"}).headers["Location"])
    assert answer.status_code == 422
    assert "specie" in answer.json()["detail"]
    assert "target" in answer.json()["detail"]


def test_the_processes_of_the_api_are_small(stack: Stack) -> None:
    hand_in(stack)
    resident = [process.memory_info().rss / 2**20 for process in stack.api.children]
    assert len(resident) == 2
    assert max(resident) < 80


def test_redis_away_is_503_soon_and_work_goes_on_when_it_is_back(stack: Stack) -> None:
    known = hand_in(stack).headers["Location"]
    stack.redis.kill()
    try:
        for ask in (lambda: hand_in(stack), lambda: requests.get(known, timeout=10)):
            began = time.monotonic()
            answer = ask()
            assert (answer.status_code, time.monotonic() - began < SOON) == (503, True)
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert requests.get(f"{stack.url}/livez", timeout=10).status_code == 200
    finally:
        stack.redis.start()
    eventually(lambda: hand_in(stack).status_code == 202)
    assert follow(known).json() == {"doubled": 42}


def test_an_api_process_that_is_killed_is_replaced(stack: Stack) -> None:
    before = {process.pid for process in stack.api.children}
    psutil.Process(min(before)).kill()
    eventually(lambda: len({p.pid for p in stack.api.children} - before) == 1, saying="It was not replaced")
    assert follow(hand_in(stack).headers["Location"]).json() == {"doubled": 42}
