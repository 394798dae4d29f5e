"""The deployment as a client sees it: through HTTPS, with the key of the first start."""

import json
from urllib.parse import urlsplit

import httpx
import pytest
from deployment import Deployment, finished
from waiting import eventually


def test_a_job_walks_through_https(deployment: Deployment, client: httpx.Client) -> None:
    submitted = client.post("/analysis/describe/run", json={"data": {"builtin": "iris"}})
    assert submitted.status_code == 202, submitted.text
    assert submitted.headers["location"].startswith(f"{deployment.url}/queuedResource/")
    job = finished(client, submitted.headers["location"])
    assert job["status"] == "succeeded", job
    assert client.get(f"/resource/{job['id']}/result").json()["rows"] == 150


def test_a_large_result_goes_from_the_worker_to_the_api_by_the_volume(client: httpx.Client) -> None:
    rows = [{"x": number, "text": "y" * 100} for number in range(10_000)]
    submitted = client.post("/analysis/describe/run", json={"data": {"records": rows}})
    job = finished(client, submitted.headers["location"])
    assert job["status"] == "succeeded", job


def test_events_come_while_the_job_runs(client: httpx.Client) -> None:
    job = client.post("/analysis/pause/run", json={"params": {"seconds": 5}}).json()
    with client.stream("GET", f"/jobs/{job['id']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        first = next(line for line in lines if line.startswith("data:"))
        assert json.loads(first.removeprefix("data:"))
        # The stream is not held back until it ends: the job has not ended yet.
        assert client.get(f"/jobs/{job['id']}").json()["status"] in {"queued", "running"}
        assert "event: completed" in list(lines)


def test_without_a_key_nothing_is_run(deployment: Deployment) -> None:
    with deployment.client() as stranger:
        assert stranger.post("/analysis/describe/run", json={"data": {"builtin": "iris"}}).status_code == 401


def test_the_first_key_is_made_once(deployment: Deployment) -> None:
    before = deployment.logs("first-key")
    deployment.compose("up", "--detach", "--no-deps", "--force-recreate", "first-key")
    eventually(lambda: not deployment.containers("first-key"), within=60, saying="It did not end")
    assert before.count("ck_") >= 1
    assert "ck_" not in deployment.logs("first-key")


def test_http_is_sent_to_https(deployment: Deployment) -> None:
    answer = httpx.get(f"http://localhost:{deployment.settings['COATCHECK_HTTP_PORT']}/jobs?limit=1")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"{deployment.url}/jobs?limit=1"


@pytest.mark.parametrize("path", ["/metrics", "/%6detrics", "/METRICS", "/./metrics", "//metrics", "/metrics/"])
def test_figures_are_refused_at_the_front(client: httpx.Client, path: str) -> None:
    answer = client.get(httpx.URL(client.base_url, raw_path=path.encode()))
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_figures_are_had_from_the_inner_network(deployment: Deployment) -> None:
    ask = "import urllib.request as r; print(r.urlopen('http://api:8000/metrics', timeout=10).read().decode())"
    assert "coatcheck_" in deployment.python(ask, network="back")


def test_a_client_can_not_say_where_it_came_from(deployment: Deployment, client: httpx.Client) -> None:
    lies = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Prefix": "/evil",
    }
    submitted = client.post("/analysis/pause/run", json={"params": {"seconds": 0}}, headers=lies)
    assert submitted.headers["location"].startswith(f"{deployment.url}/queuedResource/")
    assert finished(client, submitted.headers["location"])["status"] == "succeeded"


@pytest.mark.parametrize("path", ["/flower/", "/flower", "/flower/api/tasks", "/x/../flower/", "/%66lower/"])
def test_flower_asks_for_a_sign_in(deployment: Deployment, path: str) -> None:
    with deployment.client() as stranger:
        answer = stranger.get(httpx.URL(stranger.base_url, raw_path=path.encode()))
    assert answer.status_code in {303, 401}
    assert urlsplit(answer.headers.get("location", "/sign-in")).path == "/sign-in"


def test_flower_is_shown_to_an_administrator(client: httpx.Client) -> None:
    answer = client.get("/flower/tasks", follow_redirects=True)
    assert answer.status_code == 200
    assert "flower" in answer.text.lower()
