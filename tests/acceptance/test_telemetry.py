"""What an operator sees of real processes: figures, logs that follow a job, traces, errors, and who is there."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from processes import Api, Worker, environment_of
from prometheus_client.parser import text_string_to_metric_families as parse
from receiver import Receiver, receiving
from waiting import eventually

from jobs.roster import Role, Roster
from jobs.settings import Settings
from jobs.store import Store

#: The trace of a client, and its span there (W3C Trace Context).
TRACE, CLIENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@dataclass(frozen=True, kw_only=True)
class Service:
    """An API of two processes and a worker, and what they tell."""

    api: Api
    worker: Worker
    collector: Receiver
    sentry: Receiver

    @property
    def settings(self) -> Settings:
        return self.api.settings

    def run(self, analysis: str, params: dict[str, object], *, request_id: str, **headers: str) -> str:
        """The id of a job that has ended."""
        sent = {"X-Request-ID": request_id, **headers}
        answer = httpx.post(f"{self.api.url}/analysis/{analysis}/run", json={"params": params}, headers=sent)
        assert answer.status_code == 202, answer.text
        where = answer.headers["Location"]
        eventually(lambda: httpx.get(where).status_code == 303, within=60)
        return str(answer.json()["id"])

    def lines(self, **wanted: object) -> list[dict[str, object]]:
        """What API and worker have logged with all of these fields."""
        text = self.api.log.read_text() + self.worker.log.read_text()
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if wanted.items() <= line.items()]

    def spans(self, trace: str) -> dict[str, tuple[Span, str]]:
        """The spans of a trace that have come, by name, each with the service that it is of."""
        found = {}
        for call in list(self.collector.calls):
            content = gzip.decompress(call.content) if call.content[:2] == b"\x1f\x8b" else call.content
            for resource in ExportTraceServiceRequest.FromString(content).resource_spans:
                about = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
                spans = [span for scope in resource.scope_spans for span in scope.spans]
                found.update(
                    {span.name: (span, about["service.name"]) for span in spans if span.trace_id.hex() == trace}
                )
        return found

    def events(self) -> list[dict[str, object]]:
        """The errors that were told."""
        found = []
        for call in list(self.sentry.calls):
            content = gzip.decompress(call.content) if call.content[:2] == b"\x1f\x8b" else call.content
            _, *parts = [json.loads(line) for line in content.splitlines()]
            found += [body for head, body in zip(parts[::2], parts[1::2], strict=True) if head["type"] == "event"]
        return found

    def event(self, **tags: str) -> dict[str, object]:
        """The error that was told with these tags."""
        return eventually(
            lambda: next((each for each in self.events() if tags.items() <= each["tags"].items()), {}), within=30
        )


@pytest.fixture(scope="module", params=["celery", "rq"])
def service(
    redis_server: object, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("telemetry")
    with receiving() as collector, receiving() as sentry:
        collector.status = sentry.status = 200
        settings = Settings(
            redis_url=redis_server.url,  # type: ignore[attr-defined]
            namespace=f"test-telemetry-{request.param}",
            engine=request.param,
            data_dir=str(folder),
            analyses=("samples",),
            open=True,
            metrics_open=True,
            heartbeat=0.2,
            lease=2,
            log_format="json",
            log_payloads=True,
            tracing=True,
            sentry_dsn=sentry.url.replace("http://", "http://public@").replace("/hook", "/7"),
        )
        extra = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url.removesuffix("/hook"), "OTEL_BSP_SCHEDULE_DELAY": "100"}
        api, worker = Api(settings, folder, processes=2), Worker(settings, folder)
        api.extra = worker.extra = extra
        with worker, api:
            yield Service(api=api, worker=worker, collector=collector, sentry=sentry)


def test_a_job_is_followed_in_the_log_from_its_request_to_its_worker(service: Service) -> None:
    job = service.run("double", {"number": 4}, request_id="follow-me")
    (submitted,) = service.lines(event="request", request_id="follow-me")
    assert (submitted["job"], submitted["status"], submitted["method"]) == (job, 202, "POST")
    eventually(lambda: service.lines(job=job, event="job.settled"))
    moves = service.lines(job=job, analysis="double")
    names = [line["event"] for line in moves]
    assert names.index("job.claimed") < names.index("job.settled")
    assert {line["request_id"] for line in moves} == {"follow-me"}
    (claimed,) = [line for line in moves if line["event"] == "job.claimed"]
    members = Roster(Store(service.settings)).members()
    assert str(claimed["worker"]).partition("/")[0] in {each.name for each in members if each.role is Role.WORKER}


def test_payloads_are_logged_without_their_secrets(service: Service) -> None:
    job = service.run("refuse", {"reason": "the key is ck_abcdefghijkl_0123456789"}, request_id="payload-1")
    (payload,) = service.lines(event="job.payload", job=job)
    assert payload["body"] == '{"params": {"reason": "the key is ***"}}'
    job = service.run("double", {"number": 4}, request_id="payload-2")
    assert eventually(lambda: service.lines(event="job.result", job=job))[0]["result"] == '{"doubled": 8}'


def test_a_trace_goes_from_the_client_through_the_request_into_the_run(service: Service) -> None:
    parent = f"00-{TRACE}-{CLIENT}-01"
    job = service.run("double", {"number": 4}, request_id="trace-me", traceparent=parent)
    wanted = {"POST /analysis/<name>/run", "run double", "compute", "settle"}
    eventually(lambda: wanted <= service.spans(TRACE).keys())
    found = service.spans(TRACE)
    spans = {name: found[name][0] for name in wanted}
    assert spans["POST /analysis/<name>/run"].parent_span_id.hex() == CLIENT
    assert spans["run double"].parent_span_id == spans["POST /analysis/<name>/run"].span_id
    assert {spans[name].parent_span_id for name in ("compute", "settle")} == {spans["run double"].span_id}
    services = {found["POST /analysis/<name>/run"][1], found["run double"][1]}
    assert services == {"coatcheck-api", "coatcheck-worker"}
    about = {pair.key: pair.value.string_value for pair in spans["run double"].attributes}
    assert (about["coatcheck.job"], about["coatcheck.request_id"]) == (job, "trace-me")
    assert service.lines(event="job.settled", job=job)[0]["trace_id"] == TRACE


def test_a_crash_marks_its_span_and_is_told_without_the_clients_data(service: Service) -> None:
    trace = TRACE.replace("0af", "1af")
    job = service.run("crash", {}, request_id="crash-me", traceparent=f"00-{trace}-{CLIENT}-01")
    made = eventually(lambda: service.spans(trace).get("run crash"))[0]
    assert (made.status.code, made.status.message) == (Status.STATUS_CODE_ERROR, "crashed")
    event = service.event(job=job)
    assert event["tags"] | {"role": "worker", "analysis": "crash", "request_id": "crash-me"} == event["tags"]
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("RuntimeError", "")
    assert [frame["function"] for frame in error["stacktrace"]["frames"]][-1] == "crash"
    assert "hunter2" not in json.dumps({**event, "exception": _without_source(error)})


def _without_source(error: dict[str, object]) -> dict[str, object]:
    """The error without the lines of the program around each place, which are the author's own."""
    frames = error["stacktrace"]["frames"]
    kept = [{name: value for name, value in frame.items() if "context" not in name} for frame in frames]
    return {**error, "stacktrace": kept}


def test_a_mistake_of_the_api_is_told_under_the_id_that_its_client_was_given(service: Service) -> None:
    job = service.run("double", {"number": 4}, request_id="before-the-mistake")
    store = Store(service.settings)
    store.redis.hset(store.keys.record(job), "timeout", "not a number")
    answer = httpx.get(f"{service.api.url}/jobs/{job}", headers={"X-Request-ID": "mistake"})
    store.redis.hset(store.keys.record(job), "timeout", 60)
    store.redis.close()
    assert (answer.status_code, answer.json()["request_id"]) == (500, "mistake")
    event = service.event(request_id="mistake")
    assert event["tags"]["role"] == "api"
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "")
    assert "request" not in event


def test_a_process_that_dies_is_told(service: Service) -> None:
    job = service.run("die", {}, request_id="die-once")
    event = service.event(job=job, why="worker_lost")
    assert event["message"] == "A process died while it ran a job."


def test_each_api_process_tells_the_figures_of_the_whole_service(service: Service) -> None:
    service.run("double", {"number": 4}, request_id="count-me")

    def scraped() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        # A connection of its own each time, so that both processes are asked.
        text = httpx.get(f"{service.api.url}/metrics", headers={"Connection": "close"}).text
        samples = [sample for family in parse(text) for sample in family.samples]
        return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}

    ended = "coatcheck_jobs_total", frozenset({("analysis", "double"), ("outcome", "succeeded")})
    assert len({scraped()[ended] for _ in range(10)}) == 1
    slots = "coatcheck_worker_slots", frozenset({("role", "worker")})
    assert scraped()[slots] == 2
    asked = "coatcheck_redis_round_trips_total", frozenset({("role", "api")})
    assert scraped()[asked] > 0


def test_the_roster_has_each_process_and_the_healthcheck_finds_them(service: Service) -> None:
    roster = Roster(Store(service.settings))
    eventually(lambda: len(roster.members()) == 3)
    assert sorted(each.role for each in roster.members()) == [Role.API, Role.API, Role.WORKER]
    assert {each.engine for each in roster.members()} == {service.settings.engine}
    settings = replace(service.settings, port=service.api.port)
    for role, code in (("api", 0), ("worker", 0), ("internal", 1)):
        checked = healthcheck(settings, role)
        assert checked.returncode == code, checked.stdout
        assert checked.stdout.startswith("healthy: " if code == 0 else "unhealthy: ")
    assert healthcheck(settings, "api", "--ready").returncode == 0


def test_the_healthcheck_minds_a_lost_redis_only_where_it_is_asked_to(tmp_path: Path) -> None:
    settings = Settings(redis_url=f"unix://{tmp_path}/none.sock", data_dir=str(tmp_path), redis_timeout=0.2, port=1)
    assert (healthcheck(settings, "worker").returncode, healthcheck(settings, "worker", "--ready").returncode) == (0, 1)
    assert healthcheck(settings, "api").returncode == 1


def test_a_stopped_process_leaves_the_roster_at_once(redis_server: object, tmp_path: Path) -> None:
    settings = Settings(
        redis_url=redis_server.url,  # type: ignore[attr-defined]
        namespace="test-telemetry-stop",
        data_dir=str(tmp_path),
        analyses=("samples",),
        open=True,
    )
    store = Store(settings)
    with Worker(settings, tmp_path, concurrency=1) as worker, Api(settings, tmp_path) as api:
        eventually(lambda: len(Roster(store).members()) == 2, within=30)
        assert (api.stop(), worker.stop()) == (0, 0)
        assert Roster(store).members() == []
    store.redis.close()


def healthcheck(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "coatcheck", "healthcheck", *arguments]
    return subprocess.run(command, env=environment_of(settings), capture_output=True, text=True, timeout=60)
