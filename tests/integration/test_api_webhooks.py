"""What the API says of webhooks and does with them."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from desks import desk_of
from doctored import announce
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from key_bearers import bearer
from walking import NOBODY, hand_in, slug

from app.factory import create_app
from jobs.api_keys import Scope
from jobs.leases import Leases
from jobs.roster import Role
from jobs.settings import Settings
from jobs.store import Store
from jobs.webhook_log import Call, DeliveryState

URL = "https://hooks.example.org/in?key=1"


@pytest.fixture
def internal(app: Flask) -> Iterator[Leases]:
    """An internal worker that lives and does nothing by itself."""
    store = Store(desk_of(app).webhooks.internal.settings)
    worker = Leases(store, worker="internal-1")
    announce(desk_of(app).store, Role.INTERNAL)
    yield worker
    store.redis.close()


def with_webhook(client: FlaskClient, url: str = URL) -> str:
    return hand_in(client, webhook=url)


def ended(client: FlaskClient, url: str = URL) -> str:
    """A job with a webhook that was canceled."""
    job_id = with_webhook(client, url)
    client.delete(f"/jobs/{job_id}")
    return job_id


def told(app: Flask, internal: Leases, job_id: str, state: DeliveryState, **call: object) -> None:
    """Lets the delivery of the job's webhook come to this."""
    webhooks = desk_of(app).webhooks
    job = desk_of(app).store.find(job_id)
    claim = internal.claim(webhooks.delivery_of(job).id)
    made = Call(**{"status": 204, "ms": 3, "error": "", **call})
    wait = 60 if state is DeliveryState.PENDING else None
    assert webhooks.log.note(job, state, by=claim, tries=1, call=made, next_in=wait)


def check(client: FlaskClient, name: str, document: object) -> None:
    """Fails unless the document is what the description says of this schema."""
    components = client.get("/openapi.json").json["components"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": components}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)


def test_a_job_may_have_a_webhook(client: FlaskClient) -> None:
    job_id = with_webhook(client)
    found = client.get(f"/jobs/{job_id}/webhook")
    assert (found.status_code, found.json["url"], found.json["state"], found.json["attempts"]) == (
        200,
        URL,
        "pending",
        [],
    )
    check(client, "Webhook", found.json)


def test_the_document_of_a_job_links_to_its_webhook_where_there_is_one(client: FlaskClient) -> None:
    links = [client.get(f"/jobs/{job_id}").json["links"] for job_id in (with_webhook(client), hand_in(client))]
    assert [client.get(link["webhook"]).status_code if "webhook" in link else None for link in links] == [200, None]
    check(client, "Job", client.get(links[0]["self"]).json)


def test_a_form_may_name_a_webhook(client: FlaskClient) -> None:
    answer = client.post(
        "/analysis/double/run", data={"params": '{"number": 1}', "webhook": URL}, content_type="multipart/form-data"
    )
    assert client.get(f"/jobs/{answer.json['id']}/webhook").json["url"] == URL


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org",
        "ftp://hooks.example.org/",
        "http://user:pw@hooks.example.org/",
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://[::1]:8000/",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:6379/",
        f"http://hooks.example.org/{'x' * 2048}",
        1,
        ["http://hooks.example.org/"],
        {"url": "http://hooks.example.org/"},
    ],
)
def test_a_webhook_that_cant_be_called_is_refused_at_its_path(client: FlaskClient, url: object) -> None:
    answer = client.post("/analysis/double/run", json={"params": {"number": 1}, "webhook": url})
    assert (slug(answer), {error["path"] for error in answer.json["errors"]}) == ("invalid-request", {"/webhook"})


def test_a_webhook_is_refused_beside_what_else_is_wrong(client: FlaskClient) -> None:
    answer = client.post(
        "/analysis/double/run", json={"params": {"number": "x"}, "seed": -1, "webhook": "http://10.0.0.1/"}
    )
    assert {error["path"] for error in answer.json["errors"]} == {"/params/number", "/seed", "/webhook"}


def test_an_internal_address_that_the_operator_allows_is_taken(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, webhook_allow=("127.0.0.0/8",)))
    assert with_webhook(app.test_client(), "http://127.0.0.1:9/hook")
    desk_of(app).store.redis.close()


def test_a_retry_keeps_the_webhook_and_tells_it_anew(client: FlaskClient) -> None:
    first = ended(client)
    second = client.post(f"/jobs/{first}/retry").json["id"]
    found = [client.get(f"/jobs/{job_id}/webhook").json for job_id in (first, second)]
    assert [each["url"] for each in found] == [URL, URL]
    assert found[0]["id"] != found[1]["id"]


def test_canceling_hands_the_webhook_over_at_once(app: Flask, client: FlaskClient, internal: Leases) -> None:
    job_id = ended(client)
    found = client.get(f"/jobs/{job_id}/webhook").json
    assert internal.claim(found["id"]).job.analysis == "deliver_webhook"


def test_attempts_are_told(app: Flask, client: FlaskClient, internal: Leases) -> None:
    job_id = ended(client)
    told(app, internal, job_id, DeliveryState.PENDING, status=500, error="The endpoint answered 500.")
    found = client.get(f"/jobs/{job_id}/webhook").json
    [attempt] = found["attempts"]
    assert (attempt["status"], attempt["ms"], attempt["error"]) == (500, 3, "The endpoint answered 500.")
    assert found["next_attempt"] > attempt["at"]
    check(client, "Webhook", found)


def test_a_job_without_a_webhook_says_so(client: FlaskClient) -> None:
    job_id = hand_in(client)
    answers = [client.get(f"/jobs/{job_id}/webhook"), client.post(f"/jobs/{job_id}/webhook/redeliver")]
    assert [slug(answer) for answer in answers] == ["no-webhook", "no-webhook"]


def test_the_webhook_of_no_job_is_not_found(client: FlaskClient) -> None:
    assert slug(client.get(f"/jobs/{NOBODY}/webhook")) == "no-such-job"
    assert slug(client.post(f"/jobs/{NOBODY}/webhook/redeliver")) == "no-such-job"


def test_a_delivered_webhook_is_delivered_again_when_it_is_asked_for(
    app: Flask, client: FlaskClient, internal: Leases
) -> None:
    job_id = ended(client)
    told(app, internal, job_id, DeliveryState.DELIVERED)
    answer = client.post(f"/jobs/{job_id}/webhook/redeliver")
    assert (answer.status_code, answer.headers["Location"]) == (202, f"http://localhost/jobs/{job_id}/webhook")
    assert answer.json["state"] == "pending"
    check(client, "Webhook", answer.json)


def test_a_pending_webhook_is_not_delivered_again(client: FlaskClient, internal: Leases) -> None:
    running, over = with_webhook(client), ended(client)
    answers = [client.post(f"/jobs/{job_id}/webhook/redeliver") for job_id in (running, over)]
    assert [(answer.status_code, slug(answer)) for answer in answers] == [(409, "webhook-pending")] * 2


def test_a_disabled_endpoint_is_listed_until_it_is_enabled(app: Flask, client: FlaskClient) -> None:
    desk_of(app).webhooks.endpoints.disable("anonymous", URL)
    listed = client.get("/webhooks").json
    assert [(each["url"], each["why"]) for each in listed["disabled"]] == [(URL, "It answered 410 Gone.")]
    check(client, "Webhooks", listed)
    assert client.post("/webhooks/enable", json={"url": URL}).json == {"disabled": []}
    assert client.get("/webhooks").json == {"disabled": []}


def test_enabling_what_is_not_disabled_changes_nothing(client: FlaskClient) -> None:
    answer = client.post("/webhooks/enable", json={"url": "https://other.example.org/"})
    assert (answer.status_code, answer.json) == (200, {"disabled": []})


@pytest.mark.parametrize("body", [{}, {"url": 1}, {"url": URL, "more": 1}, {"url": "x" * 3000}])
def test_enabling_needs_one_url(client: FlaskClient, body: dict[str, object]) -> None:
    assert slug(client.post("/webhooks/enable", json=body)) == "invalid-request"


def test_a_file_is_no_endpoint(client: FlaskClient) -> None:
    form = {"url": URL, "data": (BytesIO(b"a,b"), "table.csv")}
    answer = client.post("/webhooks/enable", data=form, content_type="multipart/form-data")
    assert [error["path"] for error in answer.json["errors"]] == ["/data"]


def test_the_secret_stays_until_it_is_rotated(client: FlaskClient) -> None:
    first = client.get("/webhooks/secret")
    assert (first.json, first.headers["Cache-Control"]) == (client.get("/webhooks/secret").json, "no-store")
    assert first.json["previous_until"] is None
    rotated = client.post("/webhooks/secret/rotate").json
    assert rotated["secret"] != first.json["secret"]
    assert rotated["previous_until"] is not None
    assert client.get("/webhooks/secret").json == rotated
    check(client, "WebhookSecret", rotated)


@pytest.fixture
def keyed(api_settings: Settings) -> Iterator[Flask]:
    """The API where keys are asked for."""
    made = create_app(replace(api_settings, open=False))
    yield made
    desk_of(made).store.redis.close()


def test_a_key_for_reading_only_shows_no_secret_and_delivers_nothing(keyed: Flask) -> None:
    reading = bearer(keyed, "alice", Scope.READ)
    refused = [
        reading.get("/webhooks/secret"),
        reading.ask("POST", "/webhooks/secret/rotate"),
        reading.ask("POST", "/webhooks/enable", json={"url": URL}),
        reading.ask("POST", f"/jobs/{NOBODY}/webhook/redeliver"),
    ]
    assert [slug(answer) for answer in refused] == ["forbidden"] * 4
    assert reading.get("/webhooks").status_code == 200


def test_each_caller_has_a_secret_and_disabled_endpoints_of_their_own(keyed: Flask) -> None:
    alice, bob = bearer(keyed, "alice"), bearer(keyed, "bob")
    desk_of(keyed).webhooks.endpoints.disable("alice", URL)
    bob.ask("POST", "/webhooks/enable", json={"url": URL})
    assert [len(each.get("/webhooks").json["disabled"]) for each in (alice, bob)] == [1, 0]
    assert alice.get("/webhooks/secret").json["secret"] != bob.get("/webhooks/secret").json["secret"]


def test_two_keys_of_one_name_have_one_secret(keyed: Flask) -> None:
    secrets = {bearer(keyed, "alice").get("/webhooks/secret").json["secret"] for _ in range(2)}
    assert len(secrets) == 1


def test_the_webhook_of_somebody_elses_job_is_not_found(keyed: Flask) -> None:
    job_id = bearer(keyed, "alice").hand_in()
    bob = bearer(keyed, "bob")
    answers = [bob.get(f"/jobs/{job_id}/webhook"), bob.ask("POST", f"/jobs/{job_id}/webhook/redeliver")]
    assert [slug(answer) for answer in answers] == ["no-such-job"] * 2


def test_nothing_is_left_of_the_webhook_of_a_purged_job(app: Flask, client: FlaskClient, internal: Leases) -> None:
    job_id = ended(client)
    told(app, internal, job_id, DeliveryState.PENDING, status=500)
    store = desk_of(app).store
    keys = [store.keys.webhook(job_id), store.keys.webhook_calls(job_id)]
    assert store.redis.exists(*keys) == 2
    assert client.delete(f"/resource/{job_id}").status_code == 204
    assert store.redis.exists(*keys) == 0
