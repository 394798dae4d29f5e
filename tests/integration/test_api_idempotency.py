"""The Idempotency-Key: what makes two requests one, and what does not."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from walking import canceled, slug
from werkzeug.test import TestResponse

from app.factory import create_app
from app.submitting.bodies import Body, Upload
from app.submitting.idempotency import _fingerprint
from jobs.intake import IDEMPOTENCY_KEPT
from jobs.leases import Leases
from jobs.settings import Settings

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def run(client: FlaskClient, key: str = KEY, *, analysis: str = "double", **body: object) -> TestResponse:
    body = body or {"params": {"number": 1}}
    return client.post(f"/analysis/{analysis}/run", json=body, headers={"Idempotency-Key": key})


def count(client: FlaskClient) -> int:
    return len(client.get("/jobs?limit=200").json["jobs"])


def test_the_same_request_gives_the_same_job(client: FlaskClient) -> None:
    first, again = run(client), run(client)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.json["id"] == first.json["id"]
    assert count(client) == 1


def test_quotes_around_the_key_do_not_count(client: FlaskClient) -> None:
    assert run(client, f'"{KEY}"').json["id"] == run(client).json["id"]


def test_the_order_of_members_does_not_count(client: FlaskClient) -> None:
    first = run(client, label="a", params={"number": 1})
    assert run(client, params={"number": 1}, label="a").json["id"] == first.json["id"]


def test_a_replay_tells_the_job_as_it_is_now(client: FlaskClient, leases: Leases) -> None:
    leases.claim(run(client).json["id"])
    again = run(client)
    assert (again.status_code, again.json["status"]) == (202, "running")


def test_another_body_is_refused(client: FlaskClient) -> None:
    run(client)
    refused = run(client, params={"number": 2})
    assert (refused.status_code, slug(refused)) == (422, "idempotency-key-reused")
    assert count(client) == 1


def test_another_file_under_the_same_name_is_refused(client: FlaskClient) -> None:
    def upload(text: bytes) -> TestResponse:
        data = {"data": (io.BytesIO(text), "table.csv")}
        return client.post("/analysis/describe/run", data=data, headers={"Idempotency-Key": KEY})

    first = upload(b"a,b\n1,2\n")
    assert upload(b"a,b\n1,2\n").json["id"] == first.json["id"]
    assert slug(upload(b"a,b\n1,3\n")) == "idempotency-key-reused"


def test_a_key_holds_for_one_path_only(client: FlaskClient) -> None:
    other = run(client, analysis="nap", params={"seconds": 0})
    assert other.json["id"] != run(client).json["id"]


def test_a_refused_request_is_not_kept(client: FlaskClient) -> None:
    assert run(client, params={"number": "one"}).status_code == 422
    assert run(client).status_code == 202


@pytest.mark.parametrize("key", ["", '""', "a b", '"open', "x" * 256, 'qu"ote', "a,b", "grün", '"tab\\tbed"'])
def test_a_malformed_key_is_refused(client: FlaskClient, key: str) -> None:
    answer = run(client, key)
    assert (answer.status_code, slug(answer)) == (400, "malformed-idempotency-key")


def test_two_keys_are_refused(client: FlaskClient) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert slug(client.post("/analysis/double/run", json={}, headers=headers)) == "malformed-idempotency-key"


def test_of_many_at_once_one_job_comes(app: Flask) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = [each.result() for each in [pool.submit(run, app.test_client()) for _ in range(32)]]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert count(app.test_client()) == 1


def test_of_many_large_ones_at_once_one_job_comes(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, inline_limit=10))
    with ThreadPoolExecutor(8) as pool:
        answers = [each.result() for each in [pool.submit(run, app.test_client()) for _ in range(16)]]
    assert len({answer.json["id"] for answer in answers}) == 1


def test_a_retry_is_made_once(client: FlaskClient) -> None:
    ended = canceled(client)
    ids = [client.post(f"/jobs/{ended}/retry", headers={"Idempotency-Key": KEY}).json["id"] for _ in range(2)]
    assert ids[0] == ids[1] != ended


def purge(client: FlaskClient, job_id: str) -> None:
    client.delete(f"/jobs/{job_id}")
    assert client.delete(f"/resource/{job_id}").status_code == 204


def test_the_key_of_a_purged_job_starts_no_other_one(client: FlaskClient) -> None:
    purge(client, run(client).json["id"])
    again = run(client)
    assert (again.status_code, slug(again)) == (410, "job-gone")
    assert count(client) == 0


def test_the_key_of_a_batch_that_has_gone_starts_no_other_one(app: Flask, client: FlaskClient) -> None:
    def hand_in() -> TestResponse:
        items = [{"params": {"number": 1}}]
        return client.post("/analysis/double/batch", json={"items": items}, headers={"Idempotency-Key": KEY})

    store = desk_of(app).store
    store.redis.delete(store.keys.batch(hand_in().json["id"]))
    assert slug(hand_in()) == "job-gone"


def test_a_job_whose_data_set_has_gone_is_still_replayed(client: FlaskClient) -> None:
    def hand_in() -> TestResponse:
        return run(client, analysis="describe", data={"dataset": dataset})

    dataset = client.post("/datasets", data=b"a,b\n1,2\n", content_type="text/csv").json["id"]
    first = hand_in()
    assert first.status_code == 202, first.get_data(as_text=True)
    assert client.delete(f"/datasets/{dataset}").status_code in (200, 202, 204)
    assert run(client, "fresh", analysis="describe", data={"dataset": dataset}).status_code == 422
    again = hand_in()
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])


def test_a_retry_whose_job_was_purged_is_still_replayed(client: FlaskClient) -> None:
    ended = canceled(client)
    first = client.post(f"/jobs/{ended}/retry", headers={"Idempotency-Key": KEY})
    purge(client, ended)
    again = client.post(f"/jobs/{ended}/retry", headers={"Idempotency-Key": KEY})
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])


@pytest.mark.parametrize(("quoted", "bare"), [(r'"a"', "a"), (r'"a\\b"', r"a\b"), (r'"a\\"', "a\\")])
def test_a_quoted_key_is_what_it_says(client: FlaskClient, quoted: str, bare: str) -> None:
    assert run(client, quoted).json["id"] == run(client, bare).json["id"]


@pytest.mark.parametrize(("one", "other"), [(r'"a\""', "a\\"), (r'"a\""', r'"a"'), (r'"\"a"', r'"a\""')])
def test_escaped_quotes_are_a_part_of_the_key(client: FlaskClient, one: str, other: str) -> None:
    assert run(client, one).json["id"] != run(client, other).json["id"]


@pytest.mark.parametrize(
    "other",
    [
        b'filename="t.csv"\r\nContent-Type: application/x-ndjson',
        b'filename="t.csv"',
        b'filename="u.csv"\r\nContent-Type: text/csv',
    ],
)
def test_the_same_file_sent_as_something_else_is_another_request(client: FlaskClient, other: bytes) -> None:
    def upload(said: bytes) -> TestResponse:
        body = b'--x\r\nContent-Disposition: form-data; name="data"; ' + said + b"\r\n\r\na,b\n1,2\n\r\n--x--\r\n"
        headers = {"Idempotency-Key": KEY, "Content-Type": "multipart/form-data; boundary=x"}
        return client.post("/analysis/describe/run", data=body, headers=headers)

    usual = b'filename="t.csv"\r\nContent-Type: text/csv'
    first = upload(usual)
    assert upload(usual).json["id"] == first.json["id"]
    assert slug(upload(other)) == "idempotency-key-reused"


def test_a_file_without_a_name_is_not_one_with_an_empty_name() -> None:
    bodies = [Body(upload=Upload(content=b"a\n1\n", name=name)) for name in (None, "")]
    assert len({_fingerprint(body) for body in bodies}) == 2


def test_a_key_is_kept_for_a_day(app: Flask, client: FlaskClient) -> None:
    run(client)
    store = desk_of(app).store
    (key,) = store.redis.keys(store.keys.idempotency("*"))
    assert IDEMPOTENCY_KEPT - 60_000 < store.redis.pttl(key) <= IDEMPOTENCY_KEPT
    assert IDEMPOTENCY_KEPT == 24 * 3600 * 1000
