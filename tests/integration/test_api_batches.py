"""Batches: all items or none, one resource that tells how they are, and one cancel for all."""

import json
from dataclasses import replace

import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from submissions import NOTHING
from walking import NOBODY, slug
from werkzeug.test import TestResponse

from app.factory import create_app
from jobs.batches import sweep_batches
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.sweep import sweep


def hand_in(client: FlaskClient, items: object, **headers: str) -> TestResponse:
    return client.post("/analysis/double/batch", json={"items": items}, headers=headers)


def numbers(count: int) -> list[dict[str, object]]:
    return [{"params": {"number": number}} for number in range(count)]


def test_a_batch_is_accepted_whole(client: FlaskClient) -> None:
    answer = hand_in(client, numbers(3))
    batch = answer.json
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"http://localhost/batches/{batch['id']}" == batch["links"]["self"]
    assert int(answer.headers["Retry-After"]) >= 1
    assert (batch["status"], batch["counts"]["queued"], len(batch["jobs"])) == ("active", 3, 3)


def test_its_jobs_are_in_the_order_of_the_items(client: FlaskClient, leases: Leases) -> None:
    from jobs.input import unpack

    batch = hand_in(client, numbers(5)).json
    params = [unpack(leases.input_of(leases.claim(job["id"]))).params for job in batch["jobs"]]
    assert params == [{"number": number} for number in range(5)]


def test_each_job_says_which_batch_it_is_of(client: FlaskClient) -> None:
    batch = hand_in(client, numbers(2)).json
    jobs = [client.get(job["links"]["self"]).json for job in batch["jobs"]]
    assert [job["batch"] for job in jobs] == [batch["id"]] * 2
    listed = client.get(batch["links"]["jobs"]).json["jobs"]
    assert {job["id"] for job in listed} == {job["id"] for job in batch["jobs"]}


def test_items_have_options_of_their_own(client: FlaskClient) -> None:
    items = [{"params": {"number": 1}, "label": "a", "priority": "high"}, {"params": {"number": 2}, "seed": 5}]
    jobs = [client.get(job["links"]["self"]).json for job in hand_in(client, items).json["jobs"]]
    assert [(job["label"], job["priority"], job["seed"]) for job in jobs] == [("a", "high", 0), ("", "normal", 5)]


def test_one_bad_item_refuses_all(client: FlaskClient) -> None:
    items = [*numbers(2), {"params": {"number": "three"}, "label": 3}, "four"]
    answer = hand_in(client, items)
    assert (answer.status_code, slug(answer)) == (422, "invalid-request")
    assert {error["path"] for error in answer.json["errors"]} == {
        "/items/2/params/number",
        "/items/2/label",
        "/items/3",
    }
    assert client.get("/jobs").json["jobs"] == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"items": []}, "/items"),
        ({"items": [{"params": {"number": 1}}] * 1001}, "/items"),
        ({"items": {"params": {}}}, "/items"),
        ({"items": None}, "/items"),
        ({}, "/items"),
        ({"items": [{"params": {"number": 1}}], "label": "x"}, "/label"),
    ],
)
def test_what_is_no_list_of_items_is_refused(client: FlaskClient, body: dict[str, object], path: str) -> None:
    answer = client.post("/analysis/double/batch", json=body)
    assert (answer.status_code, [error["path"] for error in answer.json["errors"]]) == (422, [path])


def test_a_thousand_items_are_taken(api_settings: Settings) -> None:
    client = create_app(replace(api_settings, max_body=2_000_000)).test_client()
    batch = hand_in(client, numbers(1000)).json
    assert batch["counts"]["queued"] == 1000
    assert len({job["id"] for job in batch["jobs"]}) == 1000


def test_the_batch_tells_how_its_jobs_are(client: FlaskClient, leases: Leases) -> None:
    batch = hand_in(client, numbers(4)).json
    first, second, third, _ = [job["id"] for job in batch["jobs"]]
    leases.succeed(leases.claim(first), b"{}", metrics=NOTHING)
    leases.claim(second)
    client.delete(f"/jobs/{third}")
    now = client.get(f"/batches/{batch['id']}")
    counts = {status: number for status, number in now.json["counts"].items() if number}
    assert counts == {"succeeded": 1, "running": 1, "canceled": 1, "queued": 1}
    assert [job["status"] for job in now.json["jobs"]] == ["succeeded", "running", "canceled", "queued"]
    assert "Retry-After" in now.headers


def test_a_batch_has_ended_when_all_of_its_jobs_have(client: FlaskClient, leases: Leases) -> None:
    batch = hand_in(client, numbers(2)).json
    for job in batch["jobs"]:
        leases.succeed(leases.claim(job["id"]), b"{}", metrics=NOTHING)
    now = client.get(f"/batches/{batch['id']}")
    assert (now.json["status"], "Retry-After" in now.headers) == ("ended", False)


def test_canceling_a_batch_cancels_what_has_not_ended(client: FlaskClient, leases: Leases) -> None:
    batch = hand_in(client, numbers(4)).json
    first, second, *_ = [job["id"] for job in batch["jobs"]]
    leases.succeed(leases.claim(first), b"{}", metrics=NOTHING)
    running = leases.claim(second)
    answer = client.delete(f"/batches/{batch['id']}")
    assert (answer.status_code, [job["status"] for job in answer.json["jobs"]]) == (
        202,
        ["succeeded", "canceling", "canceled", "canceled"],
    )
    leases.succeed(running, b"{}", metrics=NOTHING)
    again = client.delete(f"/batches/{batch['id']}")
    assert (again.status_code, again.json["counts"]["canceled"]) == (200, 3)


def test_purged_jobs_are_told_as_gone(client: FlaskClient) -> None:
    batch = hand_in(client, numbers(2)).json
    client.delete(f"/batches/{batch['id']}")
    client.delete(f"/resource/{batch['jobs'][0]['id']}")
    now = client.get(f"/batches/{batch['id']}").json
    assert [job["status"] for job in now["jobs"]] == ["gone", "canceled"]


@pytest.mark.parametrize("batch_id", [NOBODY, "x", "a" * 3000])
def test_an_unknown_batch_is_not_found(client: FlaskClient, batch_id: str) -> None:
    answers = [client.get(f"/batches/{batch_id}"), client.delete(f"/batches/{batch_id}")]
    assert [slug(answer) for answer in answers] == ["no-such-batch"] * 2


def test_the_id_of_a_job_is_no_batch(client: FlaskClient) -> None:
    job_id = hand_in(client, numbers(1)).json["jobs"][0]["id"]
    assert slug(client.get(f"/batches/{job_id}")) == "no-such-batch"


def test_a_batch_is_made_once_for_an_idempotency_key(client: FlaskClient) -> None:
    first, again = [hand_in(client, numbers(3), **{"Idempotency-Key": "x"}) for _ in range(2)]
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])
    assert len(client.get("/jobs").json["jobs"]) == 3
    assert slug(hand_in(client, numbers(4), **{"Idempotency-Key": "x"})) == "idempotency-key-reused"


def test_a_batch_goes_after_its_jobs(app: Flask, client: FlaskClient) -> None:
    store = desk_of(app).store
    batch_id = hand_in(client, numbers(2)).json["id"]
    sweep_batches(store, most=10)
    keys = [store.keys.batch(batch_id), store.keys.batched(batch_id)]
    assert [store.redis.ttl(key) for key in keys] == [-1, -1]
    client.delete(f"/batches/{batch_id}")
    store.redis.zadd(store.keys.batches, {batch_id: 0})
    sweep(store)
    longest = sum(store.retention) / 1000 + 60
    assert all(longest - 60 < store.redis.ttl(key) <= longest for key in keys)
    assert store.redis.zcard(store.keys.batches) == 0


def test_large_inputs_go_to_the_blob_store(api_settings: Settings, leases: Leases) -> None:
    client = create_app(replace(api_settings, inline_limit=50)).test_client()
    answer = client.post(
        "/analysis/refuse/batch",
        data=json.dumps({"items": [{"params": {"reason": "x" * 100}}, {"params": {"reason": "y"}}]}),
        content_type="application/json",
    )
    first = answer.json["jobs"][0]["id"]
    claim = leases.claim(first)
    assert claim.job.data_blob == f"inputs/{first}"
    assert b"x" * 100 in leases.input_of(claim)


def test_others_have_a_turn_while_a_batch_is_judged(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[None] = []
    monkeypatch.setattr("app.submitting.batch.give_way", lambda: turns.append(None))
    assert hand_in(client, numbers(200)).status_code == 202
    assert len(turns) == 8
