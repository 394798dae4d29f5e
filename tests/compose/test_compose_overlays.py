"""The files on top: RQ as engine, and Prometheus with the rules, the dashboard's questions put to it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from deployment import ROOT, Deployment, finished
from processes import free_port
from waiting import eventually

#: Debian's Prometheus, made here: its own image can't be had everywhere.
PROMETHEUS = "coatcheck-test-prometheus"


@pytest.fixture(scope="module")
def with_rq(built: Deployment) -> Iterator[Deployment]:
    """A deployment of its own, with RQ, below a path."""
    ports = {"COATCHECK_HTTPS_PORT": str(free_port()), "COATCHECK_HTTP_PORT": str(free_port())}
    files = (*built.files, ROOT / "compose.rq.yml")
    settings = {**built.settings, **ports, "COATCHECK_PREFIX": "/below"}
    deployment = replace(built, name=f"{built.name}-rq", files=files, settings=settings)
    try:
        deployment.up("proxy", "worker")
        yield deployment
    finally:
        deployment.down()


def test_rq_runs_the_jobs_behind_the_same_port(with_rq: Deployment) -> None:
    with with_rq.client(api_key=with_rq.first_key()) as client:
        submitted = client.post("/below/analysis/describe/run", json={"data": {"builtin": "iris"}})
        assert submitted.headers["location"].startswith(f"{with_rq.url}/below/queuedResource/")
        job = finished(client, submitted.headers["location"])
        assert job["status"] == "succeeded", job
    (worker,) = with_rq.containers("worker")
    assert '"engine":"rq"' in with_rq.written_by(worker).replace(": ", ":")


def test_the_dashboard_of_rq_asks_for_a_sign_in(with_rq: Deployment) -> None:
    with with_rq.client() as stranger:
        answer = stranger.get("/below/rq/", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"].removeprefix(with_rq.url).startswith("/below/sign-in")


@pytest.mark.parametrize("path", ["/", "/jobs", "/metrics", "/below/metrics", "/belows/jobs"])
def test_with_a_path_nothing_is_beside_it_and_no_figures_are_below_it(with_rq: Deployment, path: str) -> None:
    with with_rq.client() as stranger:
        assert stranger.get(path).status_code == 404


def test_there_is_no_flower_with_rq(with_rq: Deployment) -> None:
    assert "flower" not in with_rq.compose("config", "--services").split()


@pytest.fixture(scope="module")
def with_figures(deployment: Deployment, client: httpx.Client) -> Iterator[Deployment]:
    """The shared deployment, and Prometheus beside it, which has asked it at least once."""
    deployment.command("docker", "build", "--quiet", "--tag", PROMETHEUS, str(Path(__file__).parent / "prometheus"))
    settings = {**deployment.settings, "COATCHECK_PROMETHEUS_IMAGE": PROMETHEUS}
    more = replace(deployment, files=(*deployment.files, ROOT / "compose.metrics.yml"), settings=settings)
    job = client.post("/analysis/pause/run", json={"params": {"seconds": 0}}).json()
    finished(client, f"/queuedResource/{job['id']}/status")
    more.compose("up", "--detach", "--wait", "--no-deps", "prometheus")
    eventually(lambda: asked(more, ["coatcheck_store_up"])[0], within=90, saying="Nothing was scraped")
    yield more
    more.compose("rm", "--stop", "--force", "--volumes", "prometheus")


def asked(deployment: Deployment, expressions: list[str]) -> list[list[object]]:
    """What Prometheus answers to each expression; it is asked from the inner network."""
    paths = [f"http://prometheus:9090/api/v1/query?query={quote(expression)}" for expression in expressions]
    code = f"import json, urllib.request as r; print(json.dumps([json.load(r.urlopen(u)) for u in {paths!r}]))"
    answers = json.loads(deployment.python(code, network="back"))
    assert {answer["status"] for answer in answers} == {"success"}
    return [answer["data"]["result"] for answer in answers]


def test_prometheus_finds_the_api_and_no_alert_is_raised(with_figures: Deployment) -> None:
    up, firing = asked(with_figures, ['up{job="coatcheck"} == 1', 'ALERTS{alertstate="firing"}'])
    assert len(up) == 1
    assert firing == []


def test_the_dashboard_shows_the_state_of_the_service(with_figures: Deployment) -> None:
    dashboard = json.loads((ROOT / "deploy/grafana/coatcheck.json").read_text())
    now = [panel for panel in dashboard["panels"] if panel["type"] == "stat"]
    answers = asked(with_figures, [panel["targets"][0]["expr"] for panel in now])
    assert [panel["title"] for panel, found in zip(now, answers, strict=True) if not found] == []


def test_every_question_of_the_dashboard_is_understood(with_figures: Deployment) -> None:
    dashboard = json.loads((ROOT / "deploy/grafana/coatcheck.json").read_text())
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(asked(with_figures, [target.replace("$__rate_interval", "1m") for target in targets])) > 20
