"""Clients that nobody here wrote walk against real processes: pollers, redirects, event streams, a generated client."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests
from azure.core import PipelineClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import AzureKeyCredentialPolicy, RedirectPolicy, RequestIdPolicy, RetryPolicy
from azure.core.polling import LROPoller
from azure.core.polling.base_polling import LocationPolling, LROBasePolling, OperationFailed, OperationResourcePolling
from azure.core.rest import HttpRequest
from httpx_sse import connect_sse
from parts import needs_program
from processes import Api, Worker, free_port
from waiting import eventually

from jobs.api_keys import Scope
from jobs.key_ring import KeyRing
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress

#: How azure-core's poller finds out how the job stands.
ALGORITHMS = {"Location": LocationPolling, "Operation-Location": OperationResourcePolling}


class Service:
    """A running service and a key for it."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self.headers = {"Authorization": f"Bearer {key}"}

    def hand_in(self, analysis: str, **params: object) -> requests.Response:
        body = {"params": params}
        return requests.post(f"{self.url}/analysis/{analysis}/run", json=body, headers=self.headers, timeout=10)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("clients")
    with EmbeddedRedis(data_dir=folder / "redis", address=RedisAddress(port=free_port())) as redis:
        settings = Settings(redis_url=redis.url, data_dir=str(folder), analyses=("samples", "tasks"), heartbeat=0.2)
        store = Store(settings)
        _, key = KeyRing(store.redis, store.keys).make("somebody", [Scope.SUBMIT, Scope.READ])
        with Worker(settings, folder), Api(settings, folder, processes=2) as api:
            yield Service(api.url, key)
        store.redis.close()


class Lro:
    """azure-core's generic client for long-running operations, with its own redirects and retries."""

    def __init__(self, service: Service, algorithm: str) -> None:
        # As the SDKs have it: the key is put in at each hop, for a redirect takes it out.
        key = AzureKeyCredentialPolicy(AzureKeyCredential(service.key), "Authorization", prefix="Bearer")
        policies = [RequestIdPolicy(), RedirectPolicy(), RetryPolicy(retry_total=2), key]
        self.client: PipelineClient = PipelineClient(service.url, policies=policies)
        self._algorithm = ALGORITHMS[algorithm]

    def begin(self, analysis: str, **params: object) -> "LROPoller[object]":
        request = HttpRequest("POST", f"/analysis/{analysis}/run", json={"params": params})
        request.url = self.client.format_url(request.url)
        first = self.client.send_request(request, _return_pipeline_response=True)
        if first.http_response.status_code != 202:
            raise HttpResponseError(response=first.http_response)
        polling = LROBasePolling(timeout=0.05, lro_algorithms=[self._algorithm()])
        return LROPoller(self.client, first, lambda answer: answer.http_response.json(), polling)


@pytest.fixture(params=sorted(ALGORITHMS))
def lro(service: Service, request: pytest.FixtureRequest) -> Lro:
    return Lro(service, request.param)


def test_azure_core_gets_the_result(lro: Lro) -> None:
    poller = lro.begin("double", number=21)
    assert poller.result(timeout=30) == {"doubled": 42}
    assert poller.status().lower() == "succeeded"


def test_azure_core_waits_as_long_as_it_takes(lro: Lro) -> None:
    result = lro.begin("nap", seconds=1.5).result(timeout=30)
    assert isinstance(result, dict)
    assert result["slept"] >= 1.5


@pytest.mark.parametrize(("analysis", "status"), [("refuse", 422), ("crash", 424)])
def test_azure_core_raises_for_a_failed_job(lro: Lro, analysis: str, status: int) -> None:
    with pytest.raises(HttpResponseError) as raised:
        lro.begin(analysis).result(timeout=30)
    assert raised.value.status_code == status or isinstance(raised.value.__cause__, OperationFailed)


def test_azure_core_raises_for_a_canceled_job(service: Service, lro: Lro) -> None:
    poller = lro.begin("nap", seconds=60)
    (job,) = requests.get(
        f"{service.url}/jobs?status=queued,running&analysis=nap", headers=service.headers, timeout=10
    ).json()["jobs"]
    requests.delete(job["links"]["self"], headers=service.headers, timeout=10)
    with pytest.raises(HttpResponseError) as raised:
        poller.result(timeout=30)
    assert raised.value.status_code == 410 or isinstance(raised.value.__cause__, OperationFailed)


def test_requests_follows_to_the_result_and_keeps_its_key(service: Service) -> None:
    status = service.hand_in("double", number=4).headers["Location"]

    def poll() -> requests.Response:
        return requests.get(status, headers=service.headers, timeout=10)

    eventually(lambda: poll().status_code == 200)
    assert poll().json() == {"doubled": 8}
    assert [each.status_code for each in poll().history] == [303]


def test_requests_waits_in_one_call(service: Service) -> None:
    answer = requests.post(
        f"{service.url}/analysis/nap/run",
        json={"params": {"seconds": 0.5}},
        headers={**service.headers, "Prefer": "wait=20"},
        timeout=30,
    )
    assert (answer.status_code, answer.history[0].status_code) == (200, 303)
    assert answer.json()["slept"] >= 0.5


@needs_program("curl")
def test_curl_follows_and_waits(service: Service) -> None:
    key = f"Authorization: {service.headers['Authorization']}"
    command = ["curl", "-sS", "-L", "--retry", "3", "--post303", "-H", key, "-H", "Content-Type: application/json"]
    body = ["-d", '{"params": {"number": 5}}', "-H", "Prefer: wait=20", f"{service.url}/analysis/double/run"]
    # --post303 keeps a POST a POST; without it, as here, curl gets what a 303 leads to.
    command.remove("--post303")
    done = subprocess.run([*command, *body], capture_output=True, text=True, timeout=60)
    assert done.stdout == '{"doubled":10}', done.stderr


@needs_program("curl")
def test_curl_retries_what_a_full_service_refuses(service: Service, tmp_path: Path) -> None:
    """A 503 and a 429 with Retry-After are what --retry is for: here the limit is on the caller's rate."""
    settings = Settings(
        redis_url="", data_dir=str(tmp_path), analyses=("samples",), open=True, rate_limit=60, rate_burst=1
    )
    with EmbeddedRedis(data_dir=tmp_path / "redis", address=RedisAddress(port=free_port())) as redis:
        from dataclasses import replace

        with Api(replace(settings, redis_url=redis.url), tmp_path) as api:
            command = [
                "curl",
                "-sS",
                "-i",
                "--retry",
                "5",
                "-H",
                "Content-Type: application/json",
                "-d",
                '{"params": {"number": 1}}',
            ]
            answers = [
                subprocess.run([*command, f"{api.url}/analysis/double/run"], capture_output=True, text=True, timeout=60)
                for _ in range(2)
            ]
    assert "HTTP/1.1 429" not in answers[0].stdout
    assert "HTTP/1.1 429" in answers[1].stdout
    assert "HTTP/1.1 202" in answers[1].stdout


def test_an_event_source_follows_a_job(service: Service) -> None:
    job = service.hand_in("nap", seconds=1).json()
    with (
        httpx.Client(headers=service.headers, timeout=30) as client,
        connect_sse(client, "GET", job["links"]["events"]) as source,
    ):
        events = [(int(event.id), event.event, event.json()) for event in source.iter_sse()]
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    kinds = [kind for _, kind, _ in events]
    assert (kinds[0], kinds[1], kinds[-1]) == ("status", "status", "completed")
    assert set(kinds[2:-1]) == {"progress"}
    assert events[-1][2]["result"] == job["links"]["result"]


def test_an_event_source_that_broke_goes_on_where_it_was(service: Service) -> None:
    job = service.hand_in("nap", seconds=1.5).json()
    seen: list[int] = []
    with httpx.Client(headers=service.headers, timeout=30) as client:
        with connect_sse(client, "GET", job["links"]["events"]) as source:
            for event in source.iter_sse():
                seen.append(int(event.id))
                if len(seen) == 3:
                    break
        with connect_sse(client, "GET", job["links"]["events"], headers={"Last-Event-ID": str(seen[-1])}) as source:
            seen += [int(event.id) for event in source.iter_sse()]
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) > 5


def test_streams_and_waits_leave_room_for_others(service: Service) -> None:
    job = service.hand_in("nap", seconds=4).json()

    def follow() -> None:
        with (
            httpx.Client(headers=service.headers, timeout=30) as client,
            connect_sse(client, "GET", job["links"]["events"]) as source,
        ):
            ends.append([event.event for event in source.iter_sse()][-1])

    ends: list[str] = []
    threads = [threading.Thread(target=follow) for _ in range(50)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    while requests.get(job["links"]["self"], headers=service.headers, timeout=10).json()["status"] != "succeeded":
        assert requests.get(f"{service.url}/livez", timeout=2).status_code == 200
        assert time.monotonic() - began < 60
    for thread in threads:
        thread.join(timeout=20)
    assert ends == ["completed"] * 50


@pytest.fixture(scope="module")
def generated(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client that openapi-python-client generates from the service's own description."""
    folder = tmp_path_factory.mktemp("generated")
    program = Path(sys.executable).with_name("openapi-python-client")
    command = [program, "generate", "--url", f"{service.url}/openapi.json", "--meta", "none", "--output-path", "walker"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_generated_client_walks(service: Service, generated: Path) -> None:
    script = f"""
import time
from walker import AuthenticatedClient
from walker.api.analyses import run_double
from walker.api.jobs import get_jobs_job_id
from walker.api.queued import get_queued_resource_job_id_status as poll
from walker.api.results import get_resource_job_id_result as pick_up
from walker.models import Double, SubmissionDouble

client = AuthenticatedClient(base_url={service.url!r}, token={service.key!r})
job = run_double.sync(client=client, body=SubmissionDouble(params=Double(number=21)))
deadline = time.monotonic() + 30
while poll.sync_detailed(job.id, client=client).status_code != 303:
    assert time.monotonic() < deadline
    time.sleep(0.05)
assert get_jobs_job_id.sync(job.id, client=client).status == "succeeded"
print(pick_up.sync_detailed(job.id, client=client).content.decode())
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=generated, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == '{"doubled":42}', done.stderr
