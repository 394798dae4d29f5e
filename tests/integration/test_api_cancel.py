"""Canceling over a real Redis, from every state and at every URL that offers it."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from walking import NOBODY, canceled, failed, hand_in, poll, slug, started, succeeded

from app.access.callers import EVERYBODY
from jobs.job import Cause
from jobs.leases import Leases

URLS = ["/jobs/{}", "/queuedResource/{}", "/queuedResource/{}/status"]


@pytest.mark.parametrize("url", URLS)
def test_a_queued_job_is_canceled_at_once(client: FlaskClient, url: str) -> None:
    answer = client.delete(url.format(hand_in(client)))
    assert (answer.status_code, answer.json["status"]) == (200, "canceled")


@pytest.mark.parametrize("url", URLS)
def test_of_a_running_job_the_worker_is_told(client: FlaskClient, leases: Leases, url: str) -> None:
    job_id = started(client, leases).job.id
    answer = client.delete(url.format(job_id))
    assert (answer.status_code, answer.json["status"]) == (202, "canceling")
    assert answer.headers["Location"] == f"http://localhost/queuedResource/{job_id}/status"


def test_canceling_twice_is_told_alike(client: FlaskClient, leases: Leases) -> None:
    job_id = started(client, leases).job.id
    client.delete(f"/jobs/{job_id}")
    answer = client.delete(f"/jobs/{job_id}")
    assert (answer.status_code, answer.json["status"]) == (202, "canceling")


def test_a_canceled_job_stays_canceled(client: FlaskClient) -> None:
    answer = client.delete(f"/jobs/{canceled(client)}")
    assert (answer.status_code, answer.json["status"]) == (200, "canceled")


def test_a_job_that_has_succeeded_is_not_canceled(client: FlaskClient, leases: Leases) -> None:
    answer = client.delete(f"/jobs/{succeeded(client, leases)}")
    assert (answer.status_code, slug(answer), answer.json["job_status"]) == (409, "job-already-ended", "succeeded")


def test_a_job_that_has_failed_is_not_canceled(client: FlaskClient, leases: Leases) -> None:
    answer = client.delete(f"/jobs/{failed(client, leases, Cause.CRASHED)}")
    assert (answer.status_code, slug(answer), answer.json["job_status"]) == (409, "job-already-ended", "failed")


def test_an_unknown_job_is_not_canceled(client: FlaskClient) -> None:
    assert client.delete(f"/jobs/{NOBODY}").status_code == 404


def test_the_job_of_somebody_else_is_not_canceled(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = hand_in(client)
    with monkeypatch.context() as other:
        other.setattr("app.access.authentication.EVERYBODY", replace(EVERYBODY, name="somebody else"))
        refused = client.delete(f"/jobs/{job_id}").status_code
    assert (refused, poll(client, job_id).json["status"]) == (404, "queued")
