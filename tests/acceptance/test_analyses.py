"""Every built-in analysis through real processes: it succeeds, shows how, and another worker repeats it to the bit."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import vl_convert
from analysis_requests import REQUESTS, Request
from httpx_sse import EventSource
from processes import Api, Worker
from waiting import eventually

from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis
from tasks import load_catalog
from tasks.framework.figure import check_vega_lite

CATALOG = load_catalog(["tasks"])
#: By a name that says which: the analysis, and what is asked of it.
CASES: dict[str, tuple[str, Request]] = {
    f"{name}-{number}": (name, request)
    for name in CATALOG
    for number, request in enumerate(REQUESTS.get(name, ()), start=1)
}
SEED, OTHER_SEED = 7, 2**32 - 1
#: How long all jobs of one worker may take on a busy machine, seconds.
PATIENCE = 300.0
VEGA_LITE = "application/vnd.vegalite.v6+json"


@dataclass(frozen=True)
class Run:
    """One job that has ended."""

    api: httpx.Client
    document: Mapping[str, Any]

    @cached_property
    def answer(self) -> httpx.Response:
        """What is answered to whoever picks up the result."""
        return self.api.get(self.document["links"]["result"])

    @cached_property
    def result(self) -> dict[str, Any]:
        """The result; what is no JSON (NaN, Infinity) is refused."""
        result = orjson.loads(self.answer.content)
        assert isinstance(result, dict)
        return result

    @cached_property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        with self.api.stream("GET", self.document["links"]["events"]) as answer:
            return [(event.event, event.json()) for event in EventSource(answer).iter_sse()]

    @cached_property
    def figures(self) -> dict[str, httpx.Response]:
        return self._attached("figures")

    @cached_property
    def files(self) -> dict[str, httpx.Response]:
        return self._attached("files")

    def _attached(self, kind: str) -> dict[str, httpx.Response]:
        return {each["name"]: self.api.get(each["links"]["self"]) for each in self.document[kind]}


@dataclass(frozen=True, kw_only=True)
class Runs:
    """The three runs of one case."""

    first: Run
    #: The same by another worker.
    again: Run
    #: With another seed, by that one.
    otherwise: Run


def hand_in(api: httpx.Client, name: str, request: Request, *, seed: int) -> str:
    """The URL of the document of a job that was accepted."""
    path = f"/analysis/{name}/run"
    if isinstance(request.data, Path):
        form = {"params": json.dumps(request.params), "seed": str(seed)}
        answer = api.post(path, files={"data": (request.data.name, request.data.read_bytes(), "text/csv")}, data=form)
    else:
        answer = api.post(path, json={"data": {"builtin": request.data}, "params": request.params, "seed": seed})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["Operation-Location"])


def run_all(api: httpx.Client, worker: Worker, *, seeds: tuple[int, ...]) -> dict[tuple[str, int], Run]:
    """Every case with each seed, by this worker alone; a failed job is a run too."""
    with worker:
        jobs = {
            (case, seed): hand_in(api, name, request, seed=seed)
            for seed in seeds
            for case, (name, request) in CASES.items()
        }
        return {key: ended(api, url) for key, url in jobs.items()}


def ended(api: httpx.Client, url: str) -> Run:
    def document() -> dict[str, Any] | None:
        found: dict[str, Any] = api.get(url).json()
        return found if found["finished"] else None

    return Run(api, eventually(document, within=PATIENCE, saying="The job did not end") or {})


def without(value: object, members: frozenset[str]) -> object:
    """The value without these members, at any depth."""
    if isinstance(value, dict):
        return {name: without(part, members) for name, part in value.items() if name not in members}
    return [without(part, members) for part in value] if isinstance(value, list) else value


def contents(attached: Mapping[str, httpx.Response]) -> dict[str, bytes]:
    return {name: answer.content for name, answer in attached.items()}


@pytest.fixture(scope="module")
def all_runs(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Runs]]:
    """Every case, run by one worker and then by another, which lays out its sets and dicts differently."""
    folder = tmp_path_factory.mktemp("analyses")
    settings = Settings(
        redis_url=redis_server.url,
        namespace="test-analyses",
        data_dir=str(folder),
        open=True,
        # The machine may be busy; no test here takes Redis or a worker away.
        redis_timeout=5,
        lease=30,
    )
    one, other = Worker(settings, folder, name="one"), Worker(settings, folder, name="other")
    one.extra, other.extra = {"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"}
    with Api(settings, folder) as running, httpx.Client(base_url=running.url, timeout=30) as api:
        first = run_all(api, one, seeds=(SEED,))
        second = run_all(api, other, seeds=(SEED, OTHER_SEED))
        yield {
            case: Runs(first=first[case, SEED], again=second[case, SEED], otherwise=second[case, OTHER_SEED])
            for case in CASES
        }


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def asked(case: str) -> Request:
    return CASES[case][1]


@pytest.fixture
def runs(all_runs: dict[str, Runs], case: str) -> Runs:
    return all_runs[case]


@pytest.mark.parametrize("name", CATALOG)
def test_every_analysis_of_the_catalog_has_a_request(name: str) -> None:
    assert REQUESTS.get(name), f"write a small request for {name} into analysis_requests.py"


def test_every_request_is_for_an_analysis_of_the_catalog() -> None:
    assert set(REQUESTS) <= set(CATALOG)


def test_an_analysis_succeeds_at_its_first_attempt(runs: Runs) -> None:
    document = runs.first.document
    assert (document["status"], document["error"]) == ("succeeded", None)
    assert (document["attempt"], document["progress"], document["seed"]) == (1, 100, SEED)


def test_a_result_is_a_json_object_that_says_whether_it_is_whole(runs: Runs) -> None:
    answer, result = runs.first.answer, runs.first.result
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert result["partial"] is False
    assert all(isinstance(note, str) and note for note in result["notes"])


def test_figures_are_served_as_valid_vega_lite(runs: Runs, asked: Request) -> None:
    figures = runs.first.figures
    assert set(figures) == asked.figures
    for name, answer in figures.items():
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, VEGA_LITE), name
        specification = orjson.loads(answer.content)
        check_vega_lite(specification)
        assert "<path" in vl_convert.vegalite_to_svg(specification, allowed_base_urls=[]), name


def test_files_are_served(runs: Runs, asked: Request) -> None:
    files = runs.first.files
    assert set(files) == asked.files
    for name, answer in files.items():
        assert answer.status_code == 200, name
        assert answer.content, name


def test_progress_is_told_and_never_goes_back(runs: Runs) -> None:
    told = [data for kind, data in runs.first.events if kind == "progress"]
    shares = [data["progress"] for data in told]
    assert shares
    assert shares == sorted(shares)
    assert all(data["stage"] for data in told)
    assert runs.first.events[-1][0] == "completed"


def test_another_worker_gives_the_same_result_to_the_bit(runs: Runs, asked: Request) -> None:
    if asked.times:
        assert without(runs.first.result, asked.times) == without(runs.again.result, asked.times)
    else:
        assert runs.first.answer.headers["ETag"] == runs.again.answer.headers["ETag"]
        assert runs.first.answer.content == runs.again.answer.content


def test_another_worker_draws_the_same_figures_and_writes_the_same_files(runs: Runs) -> None:
    assert contents(runs.first.figures) == contents(runs.again.figures)
    assert contents(runs.first.files) == contents(runs.again.files)


def test_an_analysis_is_declared_deterministic_unless_it_tells_times(case: str, asked: Request) -> None:
    assert CATALOG[CASES[case][0]].deterministic is not bool(asked.times)


def test_another_seed_is_taken_and_decides_what_is_drawn(runs: Runs, asked: Request) -> None:
    document = runs.otherwise.document
    assert (document["status"], document["seed"]) == ("succeeded", OTHER_SEED)
    assert set(runs.otherwise.figures) == asked.figures
    first, otherwise = (without(run.result, asked.times) for run in (runs.first, runs.otherwise))
    assert (first != otherwise) is asked.drawn
