"""The express lane: its answers are those of the views, and it answers what it is for."""

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from redis.exceptions import ConnectionError as RedisConnectionError
from walking import NOBODY, canceled, failed, hand_in, started, succeeded
from werkzeug.test import TestResponse

from app.factory import create_app
from jobs.api_keys import Scope
from jobs.errors import StoreUnavailable
from jobs.job import Cause
from jobs.key_ring import KeyRing
from jobs.leases import Leases
from jobs.settings import Settings

#: What sends a request past the lane and changes nothing else.
PAST = {"Prefer": "respond-async"}

#: The same of a request that waits.
PAST_WAITING = {"Sec-Fetch-Site": "none"}

STATES: dict[str, Callable[[FlaskClient, Leases], str]] = {
    "queued": lambda client, _: hand_in(client),
    "running": lambda client, leases: started(client, leases).job.id,
    "succeeded": succeeded,
    "failed": lambda client, leases: failed(client, leases, Cause.CRASHED),
    "canceled": lambda client, _: canceled(client),
    "unknown": lambda *_: NOBODY,
}

BODIES: dict[str, object] = {
    "good": b'{"params": {"number": 1}, "label": "a", "seed": 3, "priority": "high"}',
    "no options": b'{"params": {"number": 1}}',
    "bad params": b'{"params": {"number": "one"}, "label": 5}',
    "unknown field": b'{"params": {"number": 1}, "foo": 1}',
    "a list": b"[]",
    "no JSON": b"{",
    "key twice": b'{"params": {}, "params": {"number": 1}}',
    "no UTF-8": b'{"label": "\xff"}',
    "a data set": b'{"data": {"dataset": "x"}}',
}


def told(answer: TestResponse) -> tuple[int, dict[str, str], object]:
    """Everything of an answer but what differs from request to request."""
    body = answer.get_json()
    for name in ("eta", "id", "created", "updated", "links", "queue_position", "request_id"):
        body.pop(name, None)
    headers = {name: value for name, value in answer.headers if name not in ("X-Request-ID", "Content-Length")}
    for name in ("Location", "Operation-Location"):
        if name in headers:
            headers[name] = headers[name].replace(answer_id(answer), "<id>")
    return answer.status_code, headers, body


def answer_id(answer: TestResponse) -> str:
    return answer.headers["Location"].split("/")[-2]


@pytest.mark.parametrize("state", STATES)
def test_a_poll_is_answered_as_by_the_view(client: FlaskClient, leases: Leases, state: str) -> None:
    path = f"/queuedResource/{STATES[state](client, leases)}/status"
    assert told(client.get(path)) == told(client.get(path, headers=PAST))


@pytest.mark.parametrize("state", STATES)
def test_a_result_is_answered_as_by_the_view(client: FlaskClient, leases: Leases, state: str) -> None:
    path = f"/resource/{STATES[state](client, leases)}/result"
    assert told(client.get(path)) == told(client.get(path, headers=PAST))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", ["double", "nothing"])
def test_a_submission_is_answered_as_by_the_view(client: FlaskClient, name: str, body: str) -> None:
    def submit(**headers: str) -> TestResponse:
        return client.post(f"/analysis/{name}/run", data=BODIES[body], content_type="application/json", headers=headers)

    assert told(submit()) == told(submit(**PAST))


@pytest.mark.parametrize("state", STATES)
def test_a_poll_that_waits_is_answered_as_by_the_view(client: FlaskClient, leases: Leases, state: str) -> None:
    path = f"/queuedResource/{STATES[state](client, leases)}/status"
    waiting = {"Prefer": "wait=1"}
    assert told(client.get(path, headers=waiting)) == told(client.get(path, headers={**waiting, **PAST_WAITING}))


@pytest.mark.parametrize("body", ["good", "bad params"])
def test_a_submission_that_waits_is_answered_as_by_the_view(client: FlaskClient, body: str) -> None:
    def submit(**headers: str) -> TestResponse:
        waiting = {"Prefer": "wait=1", **headers}
        return client.post("/analysis/double/run", data=BODIES[body], content_type="application/json", headers=waiting)

    assert told(submit()) == told(submit(**PAST_WAITING))


def test_a_client_that_waits_is_answered_by_the_lane(client: FlaskClient, leases: Leases) -> None:
    done = succeeded(client, leases)
    with patch.object(Flask, "full_dispatch_request", side_effect=AssertionError("Flask was asked")):
        answer = client.get(f"/queuedResource/{done}/status", headers={"Prefer": "wait=5"})
    assert answer.status_code == 303


@pytest.mark.parametrize("host", ["example.org", "example.org:8080", "a b", "", "[::1]:80"])
def test_hosts_are_taken_as_by_the_view(client: FlaskClient, host: str) -> None:
    path = f"/queuedResource/{hand_in(client)}/status"
    assert told(client.get(path, headers={"Host": host})) == told(client.get(path, headers={"Host": host, **PAST}))


def test_keys_are_asked_for_as_by_the_view(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, open=False))
    store = desk_of(app).store
    ring = KeyRing(store.redis, store.keys)
    keys = {scope: ring.make(f"key-{scope}", [scope])[1] for scope in Scope}
    client = app.test_client()
    full = ring.make("key-submit", [Scope.SUBMIT, Scope.READ])[1]
    job_id = client.post(
        "/analysis/double/run", json={"params": {"number": 1}}, headers={"Authorization": f"Bearer {full}"}
    ).json["id"]
    path = f"/queuedResource/{job_id}/status"
    for said in ["", "Bearer", "Bearer x", "Basic eDp5", *(f"Bearer {key}" for key in keys.values()), f"Bearer {full}"]:
        headers = {"Authorization": said} if said else {}
        assert told(client.get(path, headers=headers)) == told(client.get(path, headers={**headers, **PAST})), said
        body = {"params": {"number": 1}}
        posts = [client.post("/analysis/double/run", json=body, headers={**headers, **more}) for more in ({}, PAST)]
        assert told(posts[0]) == told(posts[1]), said


def test_the_plain_requests_are_answered_by_the_lane(app: Flask, client: FlaskClient, leases: Leases) -> None:
    done = succeeded(client, leases)
    with patch.object(Flask, "full_dispatch_request", side_effect=AssertionError("Flask was asked")):
        accepted = client.post("/analysis/double/run", json={"params": {"number": 1}})
        polled = client.get(f"/queuedResource/{accepted.json['id']}/status")
        picked_up = client.get(f"/resource/{done}/result")
        ended = client.get(f"/queuedResource/{done}/status", headers={"Accept-Encoding": "gzip, zstd"})
    assert [answer.status_code for answer in (accepted, polled, ended, picked_up)] == [202, 202, 303, 200]
    assert desk_of(app).store.find(accepted.json["id"]).caller == "anonymous"


def test_a_store_that_is_away_is_waited_for_once(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = hand_in(client)
    asked = []

    def away(*_: object, **__: object) -> None:
        asked.append(1)
        raise StoreUnavailable("away") from RedisConnectionError()

    monkeypatch.setattr(desk_of(app).store, "find_with_small_result", away)
    answer = client.get(f"/queuedResource/{job_id}/status")
    assert (answer.status_code, answer.headers["Retry-After"], len(asked)) == (503, "1", 1)


def test_a_body_that_ends_early_is_refused_as_by_the_view(client: FlaskClient) -> None:
    def submit(**headers: str) -> TestResponse:
        return client.post(
            "/analysis/double/run",
            data=b'{"params": {}}',
            content_type="application/json",
            headers=headers,
            environ_overrides={"CONTENT_LENGTH": "100"},
        )

    assert told(submit()) == told(submit(**PAST))
    assert submit().status_code == 400
