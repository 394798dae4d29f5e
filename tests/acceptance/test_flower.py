"""Flower as a role: it shows real jobs under their ids and names, lets nobody change anything, and forgets nothing."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest
from flower_client import Flower
from processes import Role, Worker, free_port
from submissions import submitted
from waiting import eventually

from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis

#: How long something may take to be told on a busy machine, seconds.
SOON = 60.0


@pytest.fixture(scope="module")
def settings(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a service whose workers tell what they do, below a path."""
    return Settings(
        redis_url=redis_server.url,
        namespace=f"test-{uuid4().hex[:12]}",
        data_dir=str(tmp_path_factory.mktemp("flower")),
        analyses=("samples",),
        events=True,
        flower_port=free_port(),
        flower_prefix="/lab/flower",
        allowed_hosts=("flower.example.org",),
        redis_timeout=5,
        retry_delay=0.1,
    )


@pytest.fixture(scope="module")
def flower(settings: Settings) -> Iterator[Flower]:
    with Flower(settings, Path(settings.data_dir)) as running:
        yield running


@pytest.fixture(scope="module")
def worker(settings: Settings, flower: Flower) -> Iterator[Worker]:
    """A worker that Flower has heard of."""
    with Worker(settings, Path(settings.data_dir), concurrency=2) as running:
        eventually(flower.workers, within=SOON, saying="Flower has not heard of the worker")
        yield running


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = Store(settings)
    yield opened
    opened.redis.close()


def ended(flower: Flower, job_id: str, state: str) -> dict[str, object]:
    """What Flower knows of a job once it has this state."""
    eventually(
        lambda: flower.tasks().get(job_id, {}).get("state") == state,
        within=SOON,
        saying=f"Flower does not say {state} of {job_id}",
    )
    return flower.tasks()[job_id]


@pytest.mark.parametrize(
    ("analysis", "params", "state"),
    [
        ("double", {"number": 3}, "SUCCESS"),
        ("refuse", {"reason": "not for Flower"}, "FAILURE"),
        ("crash", {}, "FAILURE"),
        ("die", {}, "FAILURE"),
    ],
)
def test_a_job_is_shown_as_it_ended_under_its_id_and_the_name_of_its_analysis(
    flower: Flower, worker: Worker, store: Store, analysis: str, params: dict[str, object], state: str
) -> None:
    job_id = submitted(store, analysis, params=params, max_attempts=1).id
    shown = ended(flower, job_id, state)
    assert (shown["uuid"], shown["name"]) == (job_id, analysis)


def test_a_job_that_is_put_off_is_shown_as_one_that_is_tried_again(
    flower: Flower, worker: Worker, store: Store, tmp_path: Path
) -> None:
    job_id = submitted(store, "falter", params={"count_in": str(tmp_path / "tries"), "times": 1}, max_attempts=3).id
    assert ended(flower, job_id, "SUCCESS")["retried"]


def test_nothing_of_the_input_or_of_an_error_reaches_flower(flower: Flower, worker: Worker, store: Store) -> None:
    refused = submitted(store, "refuse", params={"reason": "hunter2"}).id
    crashed = submitted(store, "crash", params={}).id
    for job_id in (refused, crashed):
        ended(flower, job_id, "FAILURE")
        page = httpx.get(f"{flower.url}/task/{job_id}", timeout=10)
        assert (page.status_code, "hunter2" in page.text) == (200, False)
        assert (flower.tasks()[job_id]["args"], flower.tasks()[job_id]["kwargs"]) == ("()", "{}")


def test_a_worker_is_shown_as_online_while_it_lives(flower: Flower, worker: Worker, settings: Settings) -> None:
    (name,) = [name for name in flower.workers() if name.startswith(f"{settings.namespace}-")]
    assert (flower.workers()[name]["status"], flower.workers()[name]["pid"]) == (True, worker.running.pid)


def test_the_queue_is_shown_by_name(flower: Flower, settings: Settings) -> None:
    page = httpx.get(f"{flower.url}/broker", timeout=10)
    assert (page.status_code, settings.namespace in page.text) == (200, True)


@pytest.mark.parametrize(
    "path",
    ["/api/worker/shutdown/x", "/api/task/revoke/x", "/api/task/apply/double", "/api/worker/pool/grow/x"],
)
def test_nobody_controls_anything_by_it(flower: Flower, worker: Worker, path: str) -> None:
    answer = httpx.post(f"{flower.url}{path}", json={"args": []}, timeout=10)
    assert answer.status_code in (401, 403)
    assert worker.running.poll() is None


@pytest.mark.parametrize("host", ["localhost:5555", "127.0.0.1", "[::1]:80", "machine", "flower.example.org"])
def test_it_goes_by_names_that_are_allowed_or_that_no_page_can_have(flower: Flower, host: str) -> None:
    assert httpx.get(f"{flower.url}/tasks", headers={"Host": host}, timeout=10).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:5555", "127.0.0.1.evil.example", "x.flower.example.org"]
)
@pytest.mark.parametrize("path", ["/", "/tasks/datatable", "/metrics", "/static/js/flower.js", "/nothing"])
def test_a_page_that_has_its_own_name_resolve_here_reads_nothing(flower: Flower, host: str, path: str) -> None:
    for method in ("GET", "POST"):
        answer = httpx.request(method, f"{flower.url}{path}", headers={"Host": host}, timeout=10)
        assert (answer.status_code, "COATCHECK_ALLOWED_HOSTS" in answer.text) == (421, True)


def test_behind_a_proxy_it_goes_by_any_name(settings: Settings, tmp_path: Path) -> None:
    behind = replace(settings, flower_port=free_port(), flower_behind_proxy=True, data_dir=str(tmp_path))
    with Flower(behind, tmp_path) as running:
        answer = httpx.get(f"{running.url}/tasks", headers={"Host": "analyses.example"}, timeout=10)
    assert answer.status_code == 200


def test_its_parts_are_below_its_path(flower: Flower) -> None:
    page = httpx.get(f"{flower.url}/tasks", timeout=10).text
    assert '"/lab/flower/static/' in page
    assert '"/static/' not in page


def test_it_remembers_what_it_knew_when_it_is_started_again(flower: Flower, worker: Worker, store: Store) -> None:
    job_id = submitted(store, "double", params={"number": 1}).id
    ended(flower, job_id, "SUCCESS")
    assert flower.stop() == 0
    flower.start()
    assert flower.tasks()[job_id]["name"] == "double"


def test_it_is_light(flower: Flower) -> None:
    loaded = psutil.Process(flower.running.pid).memory_maps()
    assert not [each.path for each in loaded if "sklearn" in each.path or "pandas" in each.path]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"flower_host": "0.0.0.0"}, "COATCHECK_FLOWER_BEHIND_PROXY"),
        ({"flower_host": "192.0.2.1"}, "COATCHECK_FLOWER_BEHIND_PROXY"),
        ({"engine": "rq"}, "/rq"),
    ],
)
def test_it_does_not_start_where_anybody_could_see_it_or_nothing_is_to_be_seen(
    settings: Settings, tmp_path: Path, changed: dict[str, str], reason: str
) -> None:
    refused = Role(replace(settings, **changed), ("flower",), tmp_path / "log").start()
    assert refused.running.wait(SOON) == 2
    (line,) = refused.log.read_text().splitlines()
    assert line.startswith("coatcheck flower: ")
    assert reason in line


def test_a_port_that_is_taken_is_told_in_one_line(flower: Flower, settings: Settings, tmp_path: Path) -> None:
    second = Role(replace(settings, data_dir=str(tmp_path)), ("flower",), tmp_path / "log").start()
    assert second.running.wait(SOON) == 2
    assert f"127.0.0.1:{settings.flower_port}" in second.log.read_text().splitlines()[-1]


def test_where_it_is_not_installed_it_says_how_to() -> None:
    program = (
        "import sys, importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'flower' else found(name, *more)\n"
        "from worker.flower_command import fault_of\nfrom jobs.settings import Settings\nprint(fault_of(Settings()))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=SOON)
    assert "pip install 'coatcheck-service[flower]'" in told.stdout
