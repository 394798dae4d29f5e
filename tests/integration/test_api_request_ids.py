"""The id of a request goes with the jobs that it submits, and into the lines about it."""

import pytest
import structlog
from closing_client import ClosingClient
from desks import desk_of
from doctored import announce
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from walking import succeeded

from jobs.errors import StoreUnavailable
from jobs.intake import Order
from jobs.leases import Leases
from jobs.roster import Role
from jobs.webhooks import Webhooks

BODY = {"params": {"number": 1}}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client_class = ClosingClient
    return app.test_client()


@pytest.mark.parametrize("headers", [{}, {"Prefer": "respond-async"}], ids=["lane", "view"])
def test_a_job_keeps_the_id_of_the_request_that_submitted_it(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.post("/analysis/double/run", json=BODY, headers={"X-Request-ID": "mine-1", **headers})
    job = desk_of(app).store.find(answer.json["id"])
    assert (job.request_id, job.trace, answer.headers["X-Request-ID"]) == ("mine-1", "", "mine-1")


def test_an_id_that_can_be_none_is_replaced_for_the_job_too(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/analysis/double/run", json=BODY, headers={"X-Request-ID": "no id\x01"})
    given = answer.headers["X-Request-ID"]
    assert len(given) == 32
    assert desk_of(app).store.find(answer.json["id"]).request_id == given


def test_a_request_keeps_its_id_where_the_lane_hands_it_on(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = []

    def away(order: Order) -> None:
        named.append(order.submissions[0].request_id)
        raise StoreUnavailable("gone")

    monkeypatch.setattr(desk_of(app).store, "take", away)
    answer = client.post("/analysis/double/run", json=BODY)
    assert (answer.status_code, named) == (503, [answer.headers["X-Request-ID"]])


def test_the_jobs_of_a_batch_keep_its_request_and_its_line_names_the_batch(app: Flask, client: FlaskClient) -> None:
    with capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        answer = client.post("/analysis/double/batch", json={"items": [BODY, BODY]}, headers={"X-Request-ID": "b-1"})
    jobs = [desk_of(app).store.find(job["id"]) for job in answer.json["jobs"]]
    assert [job.request_id for job in jobs] == ["b-1", "b-1"]
    assert [line["batch"] for line in lines if line["event"] == "request"] == [answer.json["id"]]


@pytest.mark.parametrize("headers", [{}, {"Prefer": "respond-async"}], ids=["lane", "view"])
def test_the_line_of_a_request_names_the_job_that_it_submitted_and_the_next_line_does_not(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    with capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        job_id = client.post("/analysis/double/run", json=BODY, headers=headers).json["id"]
        client.get("/analysis")
    assert [line.get("job") for line in lines if line["event"] == "request"] == [job_id, None]


def test_a_job_that_runs_again_keeps_the_id_of_the_request_that_wanted_it(
    app: Flask, client: FlaskClient, leases: Leases
) -> None:
    job_id = succeeded(client, leases)
    again = client.post(f"/jobs/{job_id}/retry", headers={"X-Request-ID": "again-1"}).json["id"]
    assert desk_of(app).store.find(again).request_id == "again-1"


def test_the_delivery_of_a_webhook_carries_the_id_on(app: Flask, client: FlaskClient, leases: Leases) -> None:
    body = {**BODY, "webhook": "https://example.org/hook"}
    job_id = client.post("/analysis/double/run", json=body, headers={"X-Request-ID": "hook-1"}).json["id"]
    job = desk_of(app).store.find(job_id)
    webhooks = Webhooks(desk_of(app).store)
    announce(desk_of(app).store, Role.INTERNAL)
    desk_of(app).store.cancel(job_id)
    assert webhooks.dispatch() == 1
    assert webhooks.internal.find(job.webhook_delivery).request_id == "hook-1"
