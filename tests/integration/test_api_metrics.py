"""What Prometheus scrapes: who may, which figures there are, and that they are those of the store."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from closing_client import ClosingClient
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from key_bearers import bearer
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from redis.exceptions import ConnectionError as RedisAway
from submissions import NOTHING
from walking import canceled, failed, hand_in, started, succeeded

from app.factory import create_app
from app.signals.request_log import _PLAIN_ROUTES
from app.signals.tally import TALLY, Tally
from jobs.api_keys import Scope
from jobs.counts import Counts
from jobs.job import Cause
from jobs.leases import Leases
from jobs.roster import Role, Roster, this_process
from jobs.settings import Settings
from jobs.store import Store
from jobs.webhook_log import Call, DeliveryLog, DeliveryState

#: The sample of one name and some labels.
Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client_class = ClosingClient
    return app.test_client()


def scraped(client: FlaskClient) -> dict[Sample, float]:
    """Every sample by its name and labels."""
    text = client.get("/metrics").get_data(as_text=True)
    samples = [sample for family in parse_text(text) for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples), "A sample comes twice."
    return found


def sample(name: str, **labels: str) -> Sample:
    return f"coatcheck_{name}", frozenset(labels.items())


def growth(after: Mapping[Sample, float], before: Mapping[Sample, float], name: str, **labels: str) -> float:
    asked = sample(name, **labels)
    return after[asked] - before.get(asked, 0.0)


def test_ended_jobs_are_counted_by_their_outcome_and_their_cause(client: FlaskClient, leases: Leases) -> None:
    succeeded(client, leases)
    succeeded(client, leases)
    failed(client, leases, Cause.CRASHED)
    canceled(client)
    found = scraped(client)
    outcomes = {word: found[sample("jobs_total", analysis="double", outcome=word)] for word in ("succeeded", "failed")}
    assert outcomes == {"succeeded": 2, "failed": 1}
    assert found[sample("jobs_total", analysis="double", outcome="canceled")] == 1
    assert found[sample("job_failures_total", analysis="double", cause="crashed")] == 1


def test_what_has_not_happened_yet_is_told_as_none(client: FlaskClient) -> None:
    found = scraped(client)
    assert [found[sample("jobs_total", analysis="train", outcome=word)] for word in ("succeeded", "failed")] == [0, 0]
    assert found[sample("webhook_deliveries_total", outcome="failed")] == 0
    assert (found[sample("leases_lapsed_total")], found[sample("messages_resent_total")]) == (0, 0)


def test_the_run_and_the_wait_of_a_job_are_in_a_histogram(client: FlaskClient, leases: Leases) -> None:
    succeeded(client, leases)
    canceled(client)
    found = scraped(client)
    for name in ("job_run_seconds", "job_wait_seconds"):
        assert found[sample(f"{name}_count", analysis="double")] == 1
        assert found[sample(f"{name}_bucket", analysis="double", le="+Inf")] == 1
        assert 0 <= found[sample(f"{name}_sum", analysis="double")] < 60
        assert found[sample(f"{name}_bucket", analysis="double", le="7200.0")] == 1


def test_the_queue_is_told_by_priority_and_by_its_oldest_job(client: FlaskClient, leases: Leases) -> None:
    assert scraped(client)[sample("queue_oldest_age_seconds")] == 0
    hand_in(client, priority="high")
    hand_in(client)
    hand_in(client)
    found = scraped(client)
    queued = {priority: found[sample("queue_jobs", priority=priority)] for priority in ("high", "normal", "low")}
    assert queued == {"high": 1, "normal": 2, "low": 0}
    assert 0 < found[sample("queue_oldest_age_seconds")] < 60


def test_running_and_known_jobs_are_told(client: FlaskClient, leases: Leases) -> None:
    started(client, leases)
    hand_in(client)
    found = scraped(client)
    assert (found[sample("jobs_running")], found[sample("jobs_known")]) == (1, 2)


def test_a_run_that_is_handed_back_counts_as_a_retry(client: FlaskClient, leases: Leases) -> None:
    claim = started(client, leases)
    leases.release(claim.job.id, why="handed_back")
    assert scraped(client)[sample("job_retries_total", analysis="double", reason="handed_back")] == 1


def test_each_call_of_a_webhook_is_counted_by_what_it_has_come_to(
    app: Flask, client: FlaskClient, leases: Leases
) -> None:
    claim = started(client, leases, webhook="https://example.org/hook")
    leases.succeed(claim, b"{}", metrics=NOTHING)
    store = desk_of(app).store
    job, log = store.find(claim.job.id), DeliveryLog(store)
    delivery = replace(claim, job=replace(claim.job, id=job.webhook_delivery))
    said = Call(status=500, ms=5, error="The endpoint answered 500.")
    # Each is said twice, as when the reply was lost.
    for _ in range(2):
        assert log.note(job, DeliveryState.PENDING, by=delivery, tries=1, call=said, next_in=5)
    for _ in range(2):
        assert log.note(job, DeliveryState.DELIVERED, by=delivery, tries=2, call=replace(said, status=204))
    found = scraped(client)
    assert [found[sample("webhook_deliveries_total", outcome=word)] for word in ("retried", "delivered")] == [1, 1]
    assert found[sample("webhooks_waiting")] == 1


def test_the_slots_of_live_workers_are_told_by_their_role(app: Flask, client: FlaskClient) -> None:
    roster = Roster(desk_of(app).store)
    roster.announce(replace(this_process(Role.WORKER, engine="celery", slots=4), busy=3))
    roster.announce(this_process(Role.WORKER, engine="celery", slots=2))
    roster.announce(this_process(Role.API, engine="celery"))
    found = scraped(client)
    assert (found[sample("worker_slots", role="worker")], found[sample("worker_slots_busy", role="worker")]) == (6, 3)
    assert found[sample("worker_slots", role="internal")] == 0
    version = roster.members()[0].version
    assert found[sample("processes", role="worker", engine="celery", version=version)] == 2


def test_requests_are_counted_by_their_route_whether_by_the_lane_or_the_views(
    client: FlaskClient, leases: Leases
) -> None:
    before = scraped(client)
    job_id = succeeded(client, leases)
    for headers in ({}, {"Prefer": "respond-async"}):
        assert client.get(f"/queuedResource/{job_id}/status", headers=headers).status_code == 303
    client.get("/nothing/here")
    client.open("/livez", method="BREW")
    found = scraped(client)
    route = "/queuedResource/<job_id>/status"
    assert growth(found, before, "http_requests_total", route=route, method="GET", status="303") == 2
    assert growth(found, before, "http_request_duration_seconds_count", route=route, method="GET") == 2
    assert growth(found, before, "http_requests_total", route="/analysis/<name>/run", method="POST", status="202") == 1
    assert growth(found, before, "http_requests_total", route="none", method="GET", status="404") == 1
    assert growth(found, before, "http_requests_total", route="none", method="other", status="405") == 1


def test_the_routes_of_the_lane_are_spelled_as_those_of_the_views(app: Flask) -> None:
    assert set(_PLAIN_ROUTES.values()) <= {rule.rule for rule in app.url_map.iter_rules()}


def test_another_process_tells_the_same_figures(api_settings: Settings, client: FlaskClient, leases: Leases) -> None:
    succeeded(client, leases)
    found = scraped(client)
    other = create_app(api_settings)
    told = scraped(other.test_client())
    desk_of(other).store.redis.close()
    steady = [name for name in found if name[0].startswith("coatcheck_job")]
    assert steady
    assert [told[name] for name in steady] == [found[name] for name in steady]


def test_counts_that_are_sent_twice_are_added_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally()
    tally.note_request("/livez", "GET", status=200, seconds=0.002)
    sent = store.scripts.run

    def lost_on_its_way_back(*call: object) -> object:
        sent(*call)  # type: ignore[arg-type]
        raise RedisAway("gone")

    with monkeypatch.context() as fault:
        fault.setattr(store.scripts, "run", lost_on_its_way_back)
        with pytest.raises(RedisAway):
            tally.hand_over(store)
    tally.note_request("/livez", "GET", status=200, seconds=0.002)
    tally.hand_over(store)
    tally.hand_over(store)
    assert Counts(store.redis.hgetall(store.keys.counts)).of("http") == {("/livez", "GET", "200"): 2}


def test_two_processes_add_to_the_same_counts(store: Store) -> None:
    for tally in (Tally(), Tally()):
        tally.note_round_trip(0.0002)
        tally.hand_over(store)
    counts = Counts(store.redis.hgetall(store.keys.counts))
    assert counts.of("redis_time") == {("api", "250"): 2, ("api", "sum"): 400}


def test_without_redis_there_are_none_of_its_figures_but_the_word_that_it_is_away(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/livez")

    def away(*_: object, **__: object) -> None:
        raise RedisAway("gone")

    with monkeypatch.context() as fault:
        fault.setattr(desk_of(app).store.scripts._wire, "ask", away)
        found = scraped(client)
    assert found[sample("store_up")] == 0
    assert {name for name, _ in found} == {"coatcheck_store_up", "coatcheck_build_info"}
    assert scraped(client)[sample("store_up")] == 1


def test_what_was_counted_while_redis_was_away_is_not_lost(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scraped(client)

    def away(*_: object, **__: object) -> None:
        raise RedisAway("gone")

    with monkeypatch.context() as fault:
        fault.setattr(desk_of(app).store.scripts._wire, "ask", away)
        assert client.get("/queuedResource/01890a5d-ac96-774b-bcce-b302099a8057/status").status_code == 503
        scraped(client)
    route = "/queuedResource/<job_id>/status"
    assert growth(scraped(client), before, "http_requests_total", route=route, method="GET", status="503") == 1


def test_openmetrics_is_written_for_who_asks_for_it(client: FlaskClient, leases: Leases) -> None:
    succeeded(client, leases)
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.mimetype == "application/openmetrics-text"
    families = {family.name: family.type for family in parse_openmetrics(answer.get_data(as_text=True))}
    assert (families["coatcheck_jobs"], families["coatcheck_job_run_seconds"]) == ("counter", "histogram")


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("", "text/plain"),
        ("*/*", "text/plain"),
        ("text/html", "text/plain"),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "openmetrics"),
        ("text/plain;q=0.9,application/openmetrics-text;q=0.8", "text/plain"),
        ("application/openmetrics-text;q=0,*/*", "text/plain"),
    ],
)
def test_the_type_of_the_answer_is_what_is_preferred(client: FlaskClient, accept: str, mimetype: str) -> None:
    assert mimetype in client.get("/metrics", headers={"Accept": accept}).mimetype


def test_a_version_that_is_none_does_no_harm(client: FlaskClient) -> None:
    for version in ("abc", "", "1.0.0.0.0", "9" * 400):
        headers = {"Accept": f"application/openmetrics-text; version={version}, text/plain; version={version}"}
        assert client.get("/metrics", headers=headers).status_code == 200


@pytest.mark.parametrize("metrics_open", [False, True])
def test_only_an_administrator_may_scrape_unless_the_figures_are_open(
    api_settings: Settings, *, metrics_open: bool
) -> None:
    closed = create_app(replace(api_settings, open=False, metrics_open=metrics_open))
    try:
        assert closed.test_client().get("/metrics").status_code == (200 if metrics_open else 401)
        assert bearer(closed).get("/metrics").status_code == (200 if metrics_open else 403)
        assert bearer(closed, "operator", Scope.ADMIN).get("/metrics").status_code == 200
    finally:
        desk_of(closed).store.redis.close()


def test_the_number_of_samples_does_not_grow_with_paths_or_methods(client: FlaskClient) -> None:
    scraped(client)
    number = len(scraped(client))
    for at in range(50):
        client.get(f"/queuedResource/01890a5d-ac96-774b-bcce-b302099a{at:04}/status")
        client.open(f"/nothing/{at}", method=f"M{at}")
    # At most a counter and a histogram for each of the two.
    assert len(scraped(client)) <= number + 2 * (1 + 16)


def test_the_tally_of_this_process_is_what_requests_are_counted_by(client: FlaskClient, store: Store) -> None:
    TALLY.hand_over(store)
    store.redis.delete(store.keys.counts)
    client.get("/livez")
    TALLY.hand_over(store)
    assert Counts(store.redis.hgetall(store.keys.counts)).of("http") == {("/livez", "GET", "200"): 1}
