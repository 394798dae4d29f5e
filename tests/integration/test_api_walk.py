"""The walk over a real Redis: handed in, polled, and picked up, for every state that a job can have."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis.connection import AbstractConnection
from waiting import eventually
from walking import NOBODY, canceled, failed, hand_in, outcome, poll, slug, started, succeeded

from app.access.callers import EVERYBODY
from app.factory import create_app
from jobs.job import Cause
from jobs.leases import Leases
from jobs.settings import Settings


def test_a_submission_is_accepted_with_absolute_links(client: FlaskClient) -> None:
    answer = client.post("/analysis/double/run", json={"params": {"number": 1}})
    job = answer.json
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"http://localhost/queuedResource/{job['id']}/status" == job["links"]["status"]
    assert answer.headers["Operation-Location"] == f"http://localhost/jobs/{job['id']}" == job["links"]["self"]
    assert job["links"]["result"] == f"http://localhost/resource/{job['id']}/result"


def test_an_accepted_job_is_queued_behind_the_others(client: FlaskClient) -> None:
    hand_in(client)
    job = client.post("/analysis/double/run", json={"params": {"number": 1}}).json
    assert (job["status"], job["queue_position"], job["attempt"]) == ("queued", 1, 1)


def test_an_accepted_job_is_not_to_be_cached_and_says_when_to_ask(client: FlaskClient) -> None:
    answer = client.post("/analysis/double/run", json={"params": {"number": 1}})
    assert answer.headers["Cache-Control"] == "no-store"
    assert 1 <= int(answer.headers["Retry-After"]) <= 30


@pytest.mark.parametrize("state", ["queued", "running", "canceling"])
def test_a_job_that_has_not_ended_polls_as_202(client: FlaskClient, leases: Leases, state: str) -> None:
    job_id = _in_state(client, leases, state)
    answer = poll(client, job_id)
    assert (answer.status_code, answer.json["status"]) == (202, state)
    assert answer.headers["Location"] == f"http://localhost/queuedResource/{job_id}/status"
    assert answer.headers["Cache-Control"] == "no-store"
    assert 1 <= int(answer.headers["Retry-After"]) <= 30


@pytest.mark.parametrize("state", ["succeeded", "failed", "canceled"])
def test_a_job_that_has_ended_polls_as_303_whatever_the_end(client: FlaskClient, leases: Leases, state: str) -> None:
    job_id = _in_state(client, leases, state)
    answer = poll(client, job_id)
    assert (answer.status_code, answer.json["status"]) == (303, state)
    assert answer.headers["Location"] == f"http://localhost/resource/{job_id}/result"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("state", ["queued", "running", "canceling"])
def test_a_result_is_not_there_before_the_end(client: FlaskClient, leases: Leases, state: str) -> None:
    job_id = _in_state(client, leases, state)
    answer = outcome(client, job_id)
    assert (answer.status_code, slug(answer)) == (404, "result-not-ready")
    assert answer.headers["Link"] == f'<http://localhost/queuedResource/{job_id}/status>; rel="monitor"'
    assert 1 <= int(answer.headers["Retry-After"]) <= 30


def test_a_result_is_sent_as_it_was_written(client: FlaskClient, leases: Leases) -> None:
    answer = outcome(client, succeeded(client, leases, b'{"doubled": 2}'))
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/json", b'{"doubled": 2}')


def test_a_large_result_comes_from_the_blob_store(client: FlaskClient, leases: Leases) -> None:
    large = b'"' + b"x" * 600_000 + b'"'
    assert outcome(client, succeeded(client, leases, large)).data == large


def test_a_result_has_a_strong_entity_tag(client: FlaskClient, leases: Leases) -> None:
    answer = outcome(client, succeeded(client, leases))
    assert answer.get_etag()[0]
    assert not answer.get_etag()[1]


def test_a_result_that_the_client_has_is_not_sent_again(client: FlaskClient, leases: Leases) -> None:
    job_id = succeeded(client, leases)
    tag = outcome(client, job_id).headers["ETag"]
    answer = outcome(client, job_id, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("tags", ["*", 'W/"{}"', '"other", "{}"'])
def test_the_client_may_name_its_entity_tags_in_any_form(client: FlaskClient, leases: Leases, tags: str) -> None:
    job_id = succeeded(client, leases)
    tag = outcome(client, job_id).get_etag()[0]
    assert outcome(client, job_id, headers={"If-None-Match": tags.format(tag)}).status_code == 304


def test_if_match_is_not_heeded_where_nothing_is_changed(client: FlaskClient, leases: Leases) -> None:
    assert outcome(client, succeeded(client, leases), headers={"If-Match": '"other"'}).status_code == 200


def test_another_entity_tag_gets_the_result(client: FlaskClient, leases: Leases) -> None:
    assert outcome(client, succeeded(client, leases), headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_refused_input_is_422_with_the_text_of_the_analysis(client: FlaskClient, leases: Leases) -> None:
    answer = outcome(client, failed(client, leases, Cause.REJECTED, "There is no column 'age'."))
    assert (answer.status_code, slug(answer)) == (422, "analysis-rejected-input")
    assert (answer.json["detail"], answer.json["cause"]) == ("There is no column 'age'.", "rejected")


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.REJECTED])
def test_any_other_failure_is_424_with_its_cause(client: FlaskClient, leases: Leases, cause: Cause) -> None:
    answer = outcome(client, failed(client, leases, cause))
    assert (answer.status_code, slug(answer), answer.json["cause"]) == (424, "analysis-failed", cause)


def test_a_job_that_lost_its_worker_too_often_is_424(client: FlaskClient, leases: Leases) -> None:
    job_id = hand_in(client)
    for _ in range(3):
        leases.claim(job_id)
        leases.release(job_id, why="worker_lost")
    assert outcome(client, job_id).json["cause"] == "worker_lost"


def test_a_job_that_was_given_back_is_polled_again(client: FlaskClient, leases: Leases) -> None:
    claim = started(client, leases)
    leases.release(claim.job.id, why="worker_lost")
    answer = poll(client, claim.job.id)
    assert (answer.status_code, answer.json["status"], answer.json["attempt"]) == (202, "queued", 2)


def test_the_result_of_a_canceled_job_is_gone(client: FlaskClient) -> None:
    answer = outcome(client, canceled(client))
    assert (answer.status_code, slug(answer)) == (410, "job-canceled")


def test_a_result_that_expired_leaves_a_tombstone(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, result_ttl=1))
    client, store = app.test_client(), app.extensions["coatcheck"].store
    job_id = succeeded(client, Leases(store, worker="worker-1"))
    expires = client.get(f"/jobs/{job_id}").json["expires"]
    answer = eventually(lambda: _unless_ok(client, job_id))
    assert (answer.status_code, slug(answer), answer.json["expired_at"]) == (410, "result-expired", expires)
    assert poll(client, job_id).status_code == 303
    store.redis.close()


@pytest.mark.parametrize("job_id", [NOBODY, "nonsense", NOBODY.upper(), "00000000-0000-4000-8000-000000000000"])
@pytest.mark.parametrize("path", ["/queuedResource/{}/status", "/resource/{}/result", "/jobs/{}"])
def test_an_unknown_job_is_404_everywhere(client: FlaskClient, path: str, job_id: str) -> None:
    answer = client.get(path.format(job_id))
    assert (answer.status_code, slug(answer)) == (404, "no-such-job")


def test_a_poll_is_one_round_trip_to_redis(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = app.test_client()
    job_id = hand_in(client)
    poll(client, job_id)
    asked: list[bytes] = []
    usual = AbstractConnection.send_packed_command
    monkeypatch.setattr(
        AbstractConnection,
        "send_packed_command",
        lambda connection, command, **how: asked.append(b"".join(command)) or usual(connection, command, **how),
    )
    answer = poll(client, job_id)
    assert (answer.status_code, ["EVALSHA" in str(each) for each in asked]) == (202, [True])


def test_what_can_not_be_an_id_is_not_looked_up(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.extensions["coatcheck"].store, "find", pytest.fail)
    assert poll(app.test_client(), "nonsense").status_code == 404


@pytest.mark.parametrize("path", ["/queuedResource/{}/status", "/resource/{}/result", "/jobs/{}"])
def test_the_job_of_somebody_else_is_404(client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = hand_in(client)
    monkeypatch.setattr("app.access.authentication.EVERYBODY", replace(EVERYBODY, name="somebody else"))
    answer = client.get(path.format(job_id))
    assert (answer.status_code, slug(answer)) == (404, "no-such-job")


def test_the_document_of_a_job_is_200_in_every_state(client: FlaskClient, leases: Leases) -> None:
    states = ["queued", "running", "canceling", "succeeded", "failed", "canceled"]
    answers = [client.get(f"/jobs/{_in_state(client, leases, state)}") for state in states]
    assert [(answer.status_code, answer.json["status"]) for answer in answers] == [(200, state) for state in states]


def test_head_answers_like_get_without_a_body(client: FlaskClient, leases: Leases) -> None:
    job_id = succeeded(client, leases)
    answer = client.head(f"/resource/{job_id}/result")
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", "13")


def test_options_lists_the_methods(client: FlaskClient) -> None:
    answer = client.options("/analysis/double/run")
    assert (answer.status_code, set(answer.allow)) == (200, {"OPTIONS", "POST"})


def _unless_ok(client: FlaskClient, job_id: str) -> object:
    answer = outcome(client, job_id)
    return None if answer.status_code == 200 else answer


def _in_state(client: FlaskClient, leases: Leases, state: str) -> str:
    if state == "queued":
        return hand_in(client)
    if state == "succeeded":
        return succeeded(client, leases)
    if state == "failed":
        return failed(client, leases, Cause.CRASHED)
    if state == "canceled":
        return canceled(client)
    job_id = started(client, leases).job.id
    if state == "canceling":
        client.delete(f"/jobs/{job_id}")
    return job_id
