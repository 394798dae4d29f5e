"""What a submission may look like over HTTP, and what becomes of it in the store."""

import io
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from walking import slug
from werkzeug.test import TestResponse

from app.factory import create_app
from jobs.input import Input, unpack
from jobs.leases import Leases
from jobs.settings import Settings

CSV = b"a,b\n1,2\n3,4\n"


def post(client: FlaskClient, body: object, analysis: str = "double") -> TestResponse:
    return client.post(f"/analysis/{analysis}/run", json=body)


def post_form(client: FlaskClient, analysis: str = "describe", **fields: object) -> TestResponse:
    return client.post(f"/analysis/{analysis}/run", data=fields, content_type="multipart/form-data")


def file(content: bytes = CSV, name: str = "table.csv") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def paths(answer: TestResponse) -> list[str]:
    """Where the fields are that a 422 names."""
    assert (answer.status_code, slug(answer)) == (422, "invalid-request"), answer.get_data(as_text=True)
    return [error["path"] for error in answer.json["errors"]]


def received(leases: Leases, answer: TestResponse) -> Input:
    """What a worker gets of the job."""
    assert answer.status_code == 202, answer.get_data(as_text=True)
    return unpack(leases.input_of(leases.claim(answer.json["id"])))


def test_params_reach_the_worker_as_they_were_sent(client: FlaskClient, leases: Leases) -> None:
    assert received(leases, post(client, {"params": {"number": 7}})) == Input(
        params={"number": 7}, source=None, payload=b""
    )


def test_records_reach_the_worker_as_bytes(client: FlaskClient, leases: Leases) -> None:
    given = received(leases, post(client, {"data": {"records": [{"a": 1}]}}, "describe"))
    assert (given.source, given.payload) == ({"kind": "records", "name": None}, b'[{"a":1}]')


def test_a_builtin_data_set_reaches_the_worker_by_name(client: FlaskClient, leases: Leases) -> None:
    given = received(leases, post(client, {"data": {"builtin": "iris"}}, "describe"))
    assert given.source == {"kind": "builtin", "name": "iris"}


def test_an_uploaded_file_reaches_the_worker_as_it_came(client: FlaskClient, leases: Leases) -> None:
    given = received(leases, post_form(client, data=file(), params='{"top": 3}'))
    assert given == Input(
        params={"top": 3}, source={"kind": "file", "name": "table.csv", "media_type": "text/csv"}, payload=CSV
    )


def test_the_name_of_an_uploaded_file_has_no_folders(client: FlaskClient, leases: Leases) -> None:
    given = received(leases, post_form(client, data=file(name="../up/table.csv")))
    assert given.source == {"kind": "file", "name": "table.csv", "media_type": "text/csv"}


def test_data_may_be_a_text_field_of_a_form(client: FlaskClient, leases: Leases) -> None:
    given = received(leases, post_form(client, data='{"builtin": "wine"}'))
    assert given.source == {"kind": "builtin", "name": "wine"}


def test_params_may_be_left_out(client: FlaskClient) -> None:
    assert post(client, {}, "nap").status_code == 202


def test_a_body_may_be_left_out_where_nothing_is_needed(client: FlaskClient) -> None:
    assert client.post("/analysis/nap/run").status_code == 202


def test_every_example_of_the_catalog_is_accepted(client: FlaskClient) -> None:
    links = [analysis["links"] for analysis in client.get("/analysis").json["analyses"]]
    examples = [(link["run"], client.get(link["self"]).json["example"]) for link in links]
    assert {client.post(run, json=example).status_code for run, example in examples} == {202}


OPTIONS = {"label": "mine", "seed": 4294967295, "priority": "high"}


def test_options_are_kept_with_the_job(client: FlaskClient) -> None:
    job = post(client, {"params": {"number": 1}, **OPTIONS}).json
    assert {name: job[name] for name in OPTIONS} == OPTIONS


def test_options_may_be_text_fields_of_a_form(client: FlaskClient) -> None:
    job = post_form(client, data=file(), label="12", seed="4294967295", priority="high", timeout="2.5").json
    assert (job["label"], job["seed"], job["priority"]) == ("12", 4294967295, "high")


def test_options_have_defaults(client: FlaskClient) -> None:
    job = post(client, {"params": {"number": 1}}).json
    assert (job["label"], job["seed"], job["priority"]) == ("", 0, "normal")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("label", "x" * 201),
        ("label", 5),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", 1.5),
        ("seed", True),
        ("priority", "urgent"),
        ("timeout", 0),
        ("timeout", 86401),
        ("timeout", "5"),
        ("expires_in", 0.5),
        ("expires_in", 30 * 86400 + 1),
        ("webhooks", "https://example.org"),
    ],
)
def test_a_wrong_option_is_named(client: FlaskClient, option: str, value: object) -> None:
    assert paths(post(client, {"params": {"number": 1}, option: value})) == [f"/{option}"]


def test_the_timeout_is_that_of_the_request_before_that_of_the_service(app: Flask, client: FlaskClient) -> None:
    store = app.extensions["coatcheck"].store
    asked = post(client, {"params": {"number": 1}, "timeout": 2.5}).json["id"]
    usual = post(client, {"params": {"number": 1}}).json["id"]
    assert (store.find(asked).timeout, store.find(usual).timeout) == (2.5, store.settings.timeout)


@pytest.mark.parametrize("number", ["3", True, 1.5, None, [1], 2**63])
def test_a_param_of_a_wrong_type_is_named(client: FlaskClient, number: object) -> None:
    assert paths(post(client, {"params": {"number": number}})) == ["/params/number"]


def test_every_wrong_field_is_named_at_once(client: FlaskClient) -> None:
    body = {"data": {"builtin": "mars"}, "params": {"top": "x", "a/b~c": 1}, "seed": -1}
    assert paths(post(client, body, "describe")) == ["/data/builtin", "/params/top", "/params/a~1b~0c", "/seed"]


def test_a_missing_param_is_named(client: FlaskClient) -> None:
    assert paths(post(client, {})) == ["/params/number"]


@pytest.mark.parametrize("params", [None, [], "x", 3])
def test_params_that_are_no_object_are_refused(client: FlaskClient, params: object) -> None:
    assert paths(post(client, {"params": params})) == ["/params"]


def test_missing_data_is_named(client: FlaskClient) -> None:
    assert paths(post(client, {}, "describe")) == ["/data"]


def test_data_for_an_analysis_without_data_is_refused(client: FlaskClient) -> None:
    assert paths(post(client, {"data": {"builtin": "iris"}, "params": {"number": 1}})) == ["/data"]


def test_a_file_for_an_analysis_without_data_is_refused(client: FlaskClient) -> None:
    assert paths(post_form(client, "double", data=file(), params='{"number": 1}')) == ["/data"]


def test_a_bad_cell_is_named_by_row_and_column(client: FlaskClient) -> None:
    body = {"data": {"records": [{"a": 1}, {"a": [1]}]}}
    assert paths(post(client, body, "describe")) == ["/data/records/1/a"]


def test_data_as_file_and_as_field_is_refused(client: FlaskClient) -> None:
    boundary = b"--b\r\nContent-Disposition: form-data; name="
    body = (
        boundary
        + b'"data"\r\n\r\n{"builtin":"iris"}\r\n'
        + boundary
        + b'"data"; filename="t.csv"\r\n\r\na\r\n--b--\r\n'
    )
    answer = client.post("/analysis/describe/run", data=body, content_type="multipart/form-data; boundary=b")
    assert paths(answer) == ["/data"]


def test_two_files_are_refused(client: FlaskClient) -> None:
    assert paths(post_form(client, data=[file(), file()])) == ["/data"]


def test_a_file_in_another_field_is_refused(client: FlaskClient) -> None:
    assert paths(post_form(client, data=file(), extra=file())) == ["/extra"]


def test_a_text_field_that_comes_twice_is_refused(client: FlaskClient) -> None:
    assert paths(post_form(client, data=file(), label=["one", "two"])) == ["/label"]


def test_params_of_a_form_that_are_no_json_are_named(client: FlaskClient) -> None:
    assert paths(post_form(client, data=file(), params="{top: 3}")) == ["/params"]


def test_a_number_of_a_form_that_is_none_is_named(client: FlaskClient) -> None:
    assert paths(post_form(client, data=file(), seed="many")) == ["/seed"]


def test_a_large_input_goes_to_the_blob_store(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, inline_limit=100))
    store = app.extensions["coatcheck"].store
    answer = post_form(app.test_client(), data=file(CSV + b"5,6\n" * 100))
    assert store.find(answer.json["id"]).data_blob
    assert received(Leases(store, worker="worker-1"), answer).payload.startswith(CSV)
    store.redis.close()
