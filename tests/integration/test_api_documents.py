"""What the documents of the API hold, and that the API description says the same of them."""

from dataclasses import replace

import pytest
from desks import desk_of
from doctored import announce
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from walking import canceled, failed, hand_in, outcome, started, succeeded

from app.factory import create_app
from jobs.claims import Progress
from jobs.job import Cause
from jobs.leases import Leases
from jobs.roster import Role
from jobs.settings import Settings


def check(client: FlaskClient, name: str, document: object) -> None:
    """Fails unless the document is what the description says of this schema."""
    components = client.get("/openapi.json").json["components"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": components}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)


def test_the_document_of_a_job_is_as_described_in_every_state(client: FlaskClient, leases: Leases) -> None:
    running = started(client, leases)
    leases.note(running, progress=Progress(share=40, stage="fitting"), message="half way")
    ids = [
        hand_in(client, label="mine"),
        running.job.id,
        succeeded(client, leases),
        failed(client, leases, Cause.CRASHED),
        canceled(client),
    ]
    for job_id in ids:
        check(client, "Job", client.get(f"/jobs/{job_id}").json)


def test_a_running_job_tells_how_far_it_is(client: FlaskClient, leases: Leases) -> None:
    claim = started(client, leases)
    leases.note(claim, progress=Progress(share=40, stage="fitting"), message="half way")
    job = client.get(f"/jobs/{claim.job.id}").json
    assert (job["progress"], job["stage"], job["message"], job["queue_position"]) == (40, "fitting", "half way", None)
    assert job["started"] >= job["created"]


def test_a_running_job_that_knows_its_progress_has_an_eta(client: FlaskClient, leases: Leases) -> None:
    claim = started(client, leases)
    leases.note(claim, progress=Progress(share=40, stage=""))
    job = client.get(f"/jobs/{claim.job.id}").json
    assert job["eta"] >= job["started"]


def test_a_failed_job_tells_its_error(client: FlaskClient, leases: Leases) -> None:
    job = client.get(f"/jobs/{failed(client, leases, Cause.REJECTED, 'Too few rows.')}").json
    assert job["error"] == {"code": "analysis-rejected-input", "message": "Too few rows.", "cause": "rejected"}


def test_a_job_that_has_ended_tells_what_it_took_and_when_its_result_goes(client: FlaskClient, leases: Leases) -> None:
    job = client.get(f"/jobs/{succeeded(client, leases)}").json
    assert job["metrics"] == {"wall": 0, "cpu": 0, "peak_memory": 0}
    assert job["expires"] > job["finished"]


def test_the_problems_are_as_described(client: FlaskClient, leases: Leases) -> None:
    answers = [
        client.get("/nowhere"),
        client.post("/analysis/double/run", json={"params": {"number": "x"}}),
        outcome(client, canceled(client)),
        outcome(client, hand_in(client)),
    ]
    for answer in answers:
        check(client, "Problem", answer.json)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "Home"),
        ("/analysis", "Analyses"),
        ("/analysis/describe", "Analysis"),
        ("/livez", "Alive"),
        ("/readyz", "Ready"),
        ("/problems/no-such-job", "ProblemType"),
    ],
)
def test_the_other_documents_are_as_described(client: FlaskClient, path: str, name: str) -> None:
    check(client, name, client.get(path).json)


def test_the_params_of_every_example_are_as_described(client: FlaskClient) -> None:
    for analysis in client.get("/analysis").json["analyses"]:
        shown = client.get(analysis["links"]["self"]).json
        check(client, f"Params.{shown['name']}", shown["example"]["params"])


def test_an_analysis_tells_how_long_it_usually_takes(client: FlaskClient, leases: Leases) -> None:
    # Its own application: a process looks only every few seconds, and this one has looked when the job was handed in.
    succeeded(client, leases)
    fresh = create_app(client.application.extensions["coatcheck"].settings)
    assert fresh.test_client().get("/analysis/double").json["typical_seconds"] >= 0
    fresh.extensions["coatcheck"].store.redis.close()


def test_readiness_tells_how_many_workers_live(app: Flask, client: FlaskClient) -> None:
    for role in Role:
        announce(desk_of(app).store, role)
    checks = {"redis": "ok", "storage": "ok"}
    assert client.get("/readyz").json == {"status": "ready", "checks": checks, "workers": 1, "warnings": []}


def test_a_service_without_workers_is_ready_to_take_jobs(client: FlaskClient) -> None:
    told = client.get("/readyz").json
    assert (told["workers"], told["warnings"]) == (0, ["No worker lives; jobs wait until one does."])


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "image/png"])
def test_programs_get_links_to_everything(client: FlaskClient, accept: str | None) -> None:
    answer = client.get("/", headers={"Accept": accept} if accept else {})
    assert answer.json["links"]["analyses"] == "http://localhost/analysis"


def test_every_link_of_the_front_page_leads_somewhere(client: FlaskClient) -> None:
    home = client.get("/").json
    links = [*home["links"].values(), *(analysis["links"]["self"] for analysis in home["analyses"])]
    assert {client.get(link).status_code for link in links} == {200}


def test_browsers_get_a_page_with_every_analysis(client: FlaskClient) -> None:
    answer = client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    page = answer.get_data(as_text=True)
    assert (answer.mimetype, "Accept" in answer.headers["Vary"].split(", ")) == ("text/html", True)
    assert "curl -sS http://localhost/analysis/describe/run" in page


def test_headers_of_proxies_are_not_believed_unless_told(client: FlaskClient) -> None:
    answer = client.get("/", headers=_FORWARDED)
    assert answer.json["links"]["self"] == "http://localhost/"


def test_headers_of_a_trusted_proxy_are_believed(api_settings: Settings) -> None:
    app: Flask = create_app(replace(api_settings, trusted_proxies=1, allowed_hosts=("example.org",)))
    answer = app.test_client().get("/", headers=_FORWARDED)
    assert answer.json["links"]["analyses"] == "https://example.org/lab/analysis"


_FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.org", "X-Forwarded-Prefix": "/lab"}
