"""Web pages of other origins: those that are let in, and what the others can't do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from desks import desk_of
from flask.testing import FlaskClient
from walking import hand_in, slug, succeeded
from werkzeug.test import TestResponse

from app.factory import create_app
from jobs.api_keys import Scope
from jobs.key_ring import KeyRing
from jobs.leases import Leases
from jobs.settings import Settings

FRIEND = "https://app.example.org"
STRANGER = "https://evil.example"
JOB = {"params": {"number": 1}}

#: What a browser asks before a page submits a job.
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,prefer",
}

#: What a page of elsewhere has its reader's browser send.
FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Origin": STRANGER},
    "another port of this host": {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
    "without an origin": {"Sec-Fetch-Site": "cross-site"},
    "an old browser": {"Origin": STRANGER},
    "an old browser on another port": {"Origin": "http://localhost:3000"},
    "a file or a sandboxed frame": {"Origin": "null"},
    "no browser at all": {"Origin": "http://["},
    "a form that is sent": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    "another scheme": {"Authorization": "Basic eDp5", "Sec-Fetch-Site": "cross-site", "Origin": STRANGER},
}

#: What this service's own pages, and what is no page, send.
OWN: dict[str, dict[str, str]] = {
    "no browser": {},
    "a page of this service": {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    "its page in an old browser": {"Origin": "http://localhost"},
    "its page behind TLS": {"Origin": "https://localhost"},
    "the reader": {"Sec-Fetch-Site": "none"},
}


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[FlaskClient, str]]:
    """A client of an API with these settings, and a key for it."""
    app = create_app(settings)
    desk = desk_of(app)
    key = KeyRing(desk.store.redis, desk.store.keys).make("alice", (Scope.SUBMIT, Scope.READ))[1]
    yield app.test_client(), key
    desk.store.redis.close()


@pytest.fixture
def shared(api_settings: Settings) -> Iterator[FlaskClient]:
    """A client of an open API that lets pages of one origin in."""
    with serving(replace(api_settings, cors_origins=(FRIEND,))) as (client, _):
        yield client


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def submit(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    return client.post("/analysis/double/run", json=JOB, headers=headers)


def sharing(answer: TestResponse) -> dict[str, str]:
    """What an answer tells browsers about other origins."""
    return {name: value for name, value in answer.headers if name.startswith("Access-Control-")}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_page_submits_nothing_to_an_open_service(client: FlaskClient, kind: str) -> None:
    answer = submit(client, FOREIGN[kind])
    assert (answer.status_code, slug(answer)) == (403, "cross-site-request")
    assert client.get("/jobs").json["jobs"] == []


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_page_gets_nothing_of_a_job(client: FlaskClient, kind: str) -> None:
    path = f"/queuedResource/{hand_in(client)}/status"
    answer = client.delete(path, headers=FOREIGN[kind])
    assert (answer.status_code, slug(answer)) == (403, "cross-site-request")
    assert client.get(path).status_code == 202


@pytest.mark.parametrize("kind", ["another site", "an old browser", "without an origin"])
@pytest.mark.parametrize("path", ["/queuedResource/{}/status", "/resource/{}/result", "/jobs/{}", "/jobs/{}/events"])
def test_a_foreign_page_reads_nothing(client: FlaskClient, leases: Leases, path: str, kind: str) -> None:
    answer = client.get(path.format(succeeded(client, leases)), headers=FOREIGN[kind])
    assert (answer.status_code, slug(answer)) == (403, "cross-site-request")


@pytest.mark.parametrize("kind", OWN)
def test_its_own_pages_and_programs_use_an_open_service(client: FlaskClient, kind: str) -> None:
    assert submit(client, OWN[kind]).status_code == 202


def test_a_link_from_another_page_may_be_followed(client: FlaskClient, leases: Leases) -> None:
    told = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    path = f"/resource/{succeeded(client, leases)}/result"
    assert client.get(path, headers=told).status_code == 200
    assert client.get(path, headers=told | {"Sec-Fetch-Dest": "iframe"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/livez"])
def test_what_is_public_is_public_to_foreign_pages(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers=FOREIGN["another site"]).status_code == 200


@pytest.mark.parametrize("is_open", [True, False])
def test_a_foreign_page_with_a_key_of_its_own_is_let_in(api_settings: Settings, *, is_open: bool) -> None:
    with serving(replace(api_settings, open=is_open)) as (client, key):
        assert submit(client, FOREIGN["another site"] | bearing(key)).status_code == 202


def test_no_page_may_read_answers_unless_that_is_set(client: FlaskClient) -> None:
    answers = [
        client.get("/analysis", headers={"Origin": "http://localhost"}),
        client.get("/livez", headers={"Origin": FRIEND}),
        client.options("/analysis/double/run", headers={"Origin": FRIEND, **PREFLIGHT}),
    ]
    assert [sharing(answer) for answer in answers] == [{}, {}, {}]


def test_a_page_that_is_let_in_submits_to_an_open_service(shared: FlaskClient) -> None:
    answer = submit(shared, {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (202, FRIEND)
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    promised = {"Location", "Operation-Location", "Retry-After", "ETag", "Link", "X-Request-ID", "Preference-Applied"}
    assert promised <= set(exposed)


def test_other_pages_stay_out_where_one_is_let_in(shared: FlaskClient) -> None:
    answer = submit(shared, FOREIGN["another site"])
    assert (answer.status_code, sharing(answer)) == (403, {})


@pytest.mark.parametrize("origin", ["https://app.example.org.evil.example", "http://app.example.org", f"{FRIEND}:8443"])
def test_an_origin_is_allowed_exactly_or_not_at_all(shared: FlaskClient, origin: str) -> None:
    assert sharing(shared.get("/livez", headers={"Origin": origin})) == {}


def test_credentials_that_a_browser_adds_are_never_asked_for(api_settings: Settings) -> None:
    for origins in (("*",), (FRIEND,)):
        with serving(replace(api_settings, cors_origins=origins)) as (client, _):
            assert "Access-Control-Allow-Credentials" not in client.get("/livez", headers={"Origin": FRIEND}).headers


@pytest.mark.parametrize("headers", [{}, {"Origin": FRIEND}, {"Origin": STRANGER}, {"Prefer": "respond-async"}])
def test_caches_are_told_that_answers_differ_by_origin(shared: FlaskClient, headers: dict[str, str]) -> None:
    path = f"/queuedResource/{hand_in(shared)}/status"
    told = ",".join(shared.get(path, headers=headers).headers.getlist("Vary"))
    assert "Origin" in {name.strip() for name in told.split(",")}


def test_every_origin_can_be_allowed(api_settings: Settings) -> None:
    with serving(replace(api_settings, cors_origins=("*",))) as (client, _):
        answer = submit(client, {"Origin": STRANGER, "Sec-Fetch-Site": "cross-site"})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (202, "*")
        assert "Origin" not in ",".join(answer.headers.getlist("Vary"))


def test_a_preflight_is_answered_without_a_key(api_settings: Settings) -> None:
    with serving(replace(api_settings, open=False, cors_origins=(FRIEND,))) as (client, key):
        answer = client.options("/analysis/double/run", headers={"Origin": FRIEND, **PREFLIGHT})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, FRIEND)
        assert "POST" in answer.headers["Access-Control-Allow-Methods"].split(", ")
        allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
        assert {*PREFLIGHT["Access-Control-Request-Headers"].split(","), "last-event-id", "if-none-match"} <= {*allowed}
        assert submit(client, {"Origin": FRIEND, **bearing(key)}).status_code == 202


def test_a_preflight_is_asked_for_a_key_by_strangers_and_where_nothing_is(api_settings: Settings) -> None:
    with serving(replace(api_settings, open=False, cors_origins=(FRIEND,))) as (client, _):
        stranger = client.options("/analysis/double/run", headers={"Origin": STRANGER, **PREFLIGHT})
        nowhere = client.options("/nothing", headers={"Origin": FRIEND, **PREFLIGHT})
        no_preflight = client.options("/analysis/double/run", headers={"Origin": FRIEND})
        assert [answer.status_code for answer in (stranger, nowhere, no_preflight)] == [401, 404, 401]


def test_a_refusal_can_be_read_by_a_page_that_is_let_in(api_settings: Settings) -> None:
    with serving(replace(api_settings, open=False, cors_origins=(FRIEND,))) as (client, _):
        answer = submit(client, {"Origin": FRIEND})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, FRIEND)
        assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
