"""Two applications on one port: each below its path, with analyses, keys and jobs of its own."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from deployment import ROOT, Deployment, finished
from processes import free_port


@pytest.fixture(scope="module")
def two(built: Deployment) -> Iterator[Deployment]:
    """The example as it stands in the repository, on ports of its own."""
    ports = {"COATCHECK_HTTPS_PORT": str(free_port()), "COATCHECK_HTTP_PORT": str(free_port())}
    settings = {"COATCHECK_TAG": built.settings["COATCHECK_TAG"], **ports}
    files = (ROOT / "deploy/two-apps/compose.yml",)
    deployment = replace(built, name=f"{built.name}-two", files=files, settings=settings)
    try:
        deployment.up()
        yield deployment
    finally:
        deployment.down()


@pytest.fixture(scope="module")
def first(two: Deployment) -> Iterator[httpx.Client]:
    """A client of the first application."""
    with two.client(api_key=two.first_key("app1-first-key")) as opened:
        yield opened


@pytest.fixture(scope="module")
def second(two: Deployment) -> Iterator[httpx.Client]:
    """A client of the second application."""
    with two.client(api_key=two.first_key("app2-first-key")) as opened:
        yield opened


def test_each_runs_its_own_analyses_below_its_own_path(
    two: Deployment, first: httpx.Client, second: httpx.Client
) -> None:
    described = first.post("/app1/analysis/describe/run", json={"data": {"builtin": "iris"}})
    counted = second.post("/app2/analysis/basket/run", json={"params": {"fruits": ["fig", "pear", "fig"]}})
    assert described.headers["location"].startswith(f"{two.url}/app1/queuedResource/")
    assert counted.headers["location"].startswith(f"{two.url}/app2/queuedResource/")
    assert finished(first, described.headers["location"])["status"] == "succeeded"
    job = finished(second, counted.headers["location"])
    assert second.get(f"/app2/resource/{job['id']}/result").json() == {"fig": 2, "pear": 1}
    assert second.get("/app2/analysis/describe").status_code == 404
    assert first.get("/app1/analysis/basket").status_code == 404


def test_the_key_of_one_opens_nothing_of_the_other(first: httpx.Client, second: httpx.Client) -> None:
    assert first.get("/app1/jobs").status_code == second.get("/app2/jobs").status_code == 200
    assert first.get("/app2/jobs").status_code == second.get("/app1/jobs").status_code == 401


def test_the_jobs_of_one_are_unknown_to_the_other(first: httpx.Client, second: httpx.Client) -> None:
    theirs = {job["id"] for job in second.get("/app2/jobs").json()["jobs"]}
    ours = {job["id"] for job in first.get("/app1/jobs").json()["jobs"]}
    assert not ours & theirs


@pytest.mark.parametrize("path", ["/", "/jobs", "/app3/jobs", "/app1/metrics", "/app2/metrics", "/app1/%6detrics"])
def test_nothing_is_beside_them_and_no_figures_are_below_them(first: httpx.Client, path: str) -> None:
    assert first.get(httpx.URL(first.base_url, raw_path=path.encode())).status_code == 404


def test_a_path_without_its_slash_finds_the_application(two: Deployment, first: httpx.Client) -> None:
    answer = first.get("/app2")
    assert (answer.status_code, answer.headers["location"]) == (308, "/app2/")
