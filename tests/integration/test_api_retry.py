"""Running an input again, and letting a run finish, over a real Redis."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from key_bearers import bearer
from waiting import eventually
from walking import NOBODY, canceled, failed, hand_in, outcome, poll, slug, started, succeeded

from app.factory import create_app
from jobs.api_keys import Scope
from jobs.claims import Wish
from jobs.input import unpack
from jobs.job import Cause
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.sweep import sweep


def test_a_failed_job_is_run_again_as_a_new_one(client: FlaskClient, leases: Leases) -> None:
    first = failed(client, leases, Cause.CRASHED)
    answer = client.post(f"/jobs/{first}/retry")
    again = answer.json["id"]
    assert (answer.status_code, answer.json["retry_of"], answer.json["status"]) == (202, first, "queued")
    assert answer.headers["Operation-Location"] == f"http://localhost/jobs/{again}"
    assert unpack(leases.input_of(leases.claim(again))).params == {"number": 1}
    assert client.get(f"/jobs/{first}").json["status"] == "failed"


def test_the_new_job_has_the_options_of_the_old_one(client: FlaskClient) -> None:
    options = {"label": "once more", "seed": 7, "priority": "low", "timeout": 5, "expires_in": 600}
    first = hand_in(client, **options)
    client.delete(f"/jobs/{first}")
    again = client.post(f"/jobs/{first}/retry").json
    assert {name: again[name] for name in ("label", "seed", "priority")} == {
        name: options[name] for name in ("label", "seed", "priority")
    }


def test_jobs_that_succeeded_or_were_canceled_are_run_again_too(client: FlaskClient, leases: Leases) -> None:
    ended = [succeeded(client, leases), canceled(client)]
    assert [client.post(f"/jobs/{job_id}/retry").status_code for job_id in ended] == [202, 202]


def test_a_job_that_has_not_ended_is_not_run_again(client: FlaskClient, leases: Leases) -> None:
    unfinished = [hand_in(client), started(client, leases).job.id]
    answers = [client.post(f"/jobs/{job_id}/retry") for job_id in unfinished]
    assert [(answer.status_code, slug(answer)) for answer in answers] == [(409, "job-not-ended")] * 2


@pytest.mark.parametrize("verb", ["retry", "finish"])
def test_an_unknown_job_is_not_found(client: FlaskClient, verb: str) -> None:
    assert client.post(f"/jobs/{NOBODY}/{verb}").status_code == 404


@pytest.mark.parametrize("payload", ["", "x" * 2000])
def test_an_input_that_has_expired_is_told_as_gone(api_settings: Settings, payload: str) -> None:
    client = create_app(replace(api_settings, result_ttl=1, inline_limit=1000)).test_client()
    body = {"label": "brief", "params": {"reason": payload}}
    job_id = hand_in(client, "refuse", **body)
    client.delete(f"/jobs/{job_id}")
    eventually(lambda: outcome(client, job_id).status_code == 410)

    def gone() -> bool:
        desk = client.application.extensions["coatcheck"]
        sweep(desk.store)
        return client.post(f"/jobs/{job_id}/retry").status_code == 410

    eventually(gone)
    assert slug(client.post(f"/jobs/{job_id}/retry")) == "input-expired"


def test_a_running_job_is_told_to_finish(client: FlaskClient, leases: Leases) -> None:
    claim = started(client, leases)
    answer = client.post(f"/jobs/{claim.job.id}/finish")
    assert (answer.status_code, answer.json["status"]) == (202, "running")
    assert leases.note(claim) is Wish.FINISH


def test_what_does_not_run_can_not_finish(client: FlaskClient, leases: Leases) -> None:
    others = [hand_in(client), canceled(client), succeeded(client, leases)]
    answers = [client.post(f"/jobs/{job_id}/finish") for job_id in others]
    assert [(answer.status_code, slug(answer)) for answer in answers] == [(409, "job-not-running")] * 3
    assert poll(client, others[0]).status_code == 202


def test_an_administrator_who_runs_a_job_again_uses_no_rate_up(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, open=False, rate_limit=1, rate_burst=3))
    alice, admin = bearer(app), bearer(app, "admin", Scope.ADMIN)
    job_id = alice.hand_in()
    alice.ask("DELETE", f"/jobs/{job_id}")
    assert [admin.ask("POST", f"/jobs/{job_id}/retry").status_code for _ in range(5)] == [202] * 5
    again = [alice.ask("POST", f"/jobs/{job_id}/retry").status_code for _ in range(3)]
    assert again == [202, 202, 429]
