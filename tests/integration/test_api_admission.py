"""Admission: how much a caller and all callers together may hand in, and what they are told beyond."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from waiting import eventually
from walking import hand_in, slug
from werkzeug.test import TestResponse

from app.factory import create_app
from jobs.settings import Settings


def client_with(settings: Settings, **limits: object) -> FlaskClient:
    return create_app(replace(settings, **limits)).test_client()


def run(client: FlaskClient, **headers: str) -> TestResponse:
    return client.post("/analysis/double/run", json={"params": {"number": 1}}, headers=headers)


def batch(client: FlaskClient, number: int) -> TestResponse:
    return client.post("/analysis/double/batch", json={"items": [{"params": {"number": 1}}] * number})


def test_a_caller_has_so_many_active_jobs_and_not_more(api_settings: Settings) -> None:
    client = client_with(api_settings, max_active=3)
    first, *_ = [hand_in(client) for _ in range(3)]
    refused = run(client)
    assert (refused.status_code, slug(refused)) == (429, "too-many-active-jobs")
    assert int(refused.headers["Retry-After"]) >= 1
    client.delete(f"/jobs/{first}")
    assert run(client).status_code == 202


def test_a_full_queue_takes_nothing(api_settings: Settings) -> None:
    client = client_with(api_settings, max_queued=2)
    assert [run(client).status_code for _ in range(3)] == [202, 202, 503]
    refused = run(client)
    assert slug(refused) == "queue-full"
    assert int(refused.headers["Retry-After"]) >= 1


def test_many_at_once_do_not_slip_past_the_limit(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, max_active=5))
    with ThreadPoolExecutor(16) as pool:
        statuses = [each.result().status_code for each in [pool.submit(run, app.test_client()) for _ in range(40)]]
    assert sorted(statuses) == [202] * 5 + [429] * 35


def test_a_batch_is_taken_whole_or_not_at_all(api_settings: Settings) -> None:
    client = client_with(api_settings, max_active=5)
    hand_in(client)
    assert slug(batch(client, 5)) == "too-many-active-jobs"
    assert len(client.get("/jobs").json["jobs"]) == 1
    assert batch(client, 4).status_code == 202


@pytest.mark.parametrize("limits", [{"max_active": 5}, {"max_queued": 5}])
def test_a_batch_that_is_larger_than_the_limit_is_not_told_to_wait(
    api_settings: Settings, limits: dict[str, int]
) -> None:
    refused = batch(client_with(api_settings, **limits), 6)
    assert (refused.status_code, slug(refused)) == (422, "invalid-request")
    assert [error["path"] for error in refused.json["errors"]] == ["/items"]
    assert "Retry-After" not in refused.headers


def test_the_rate_has_room_for_a_burst_and_then_for_one_at_a_time(api_settings: Settings) -> None:
    client = client_with(api_settings, rate_limit=600, rate_burst=3)
    assert [run(client).status_code for _ in range(4)] == [202, 202, 202, 429]
    refused = run(client)
    assert (slug(refused), refused.headers["Retry-After"]) == ("rate-limited", "1")
    eventually(lambda: run(client).status_code == 202)


def test_a_batch_counts_for_all_of_its_jobs(api_settings: Settings) -> None:
    client = client_with(api_settings, rate_limit=60, rate_burst=3)
    assert batch(client, 10).status_code == 202
    refused = run(client)
    assert refused.status_code == 429
    assert 5 <= int(refused.headers["Retry-After"]) <= 8


def test_a_replay_is_not_refused(api_settings: Settings) -> None:
    client = client_with(api_settings, max_active=1)
    first = run(client, **{"Idempotency-Key": "once"})
    again = run(client, **{"Idempotency-Key": "once"})
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])


def test_a_refused_job_costs_nothing(api_settings: Settings) -> None:
    client = client_with(api_settings, rate_limit=1, rate_burst=1, max_active=0)
    assert [run(client).status_code for _ in range(5)] == [202, 429, 429, 429, 429]
    # One a minute: had the refused ones counted, the wait would be of minutes.
    assert int(run(client).headers["Retry-After"]) <= 60


@pytest.mark.parametrize("limits", [{"max_active": 0, "max_queued": 0, "rate_limit": 0}])
def test_without_limits_everything_is_taken(api_settings: Settings, limits: dict[str, int]) -> None:
    client = client_with(api_settings, **limits)
    assert batch(client, 200).status_code == 202
