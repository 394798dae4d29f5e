"""What is no valid request: every one is answered by a problem document with the right status and headers."""

import errno
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from walking import slug
from werkzeug.test import TestResponse

from jobs.errors import ClaimRefused, StorageError

RUN = "/analysis/double/run"


def post(client: FlaskClient, body: bytes, content_type: str = "application/json", **options: object) -> TestResponse:
    return client.post(RUN, data=body, content_type=content_type, **options)


def test_malformed_json_is_400_with_the_place(client: FlaskClient) -> None:
    answer = post(client, b'{"params":\n {"number": }}')
    assert (answer.status_code, slug(answer)) == (400, "malformed-body")
    assert (answer.json["line"], answer.json["column"]) == (2, 13)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"3",
        b"null",
        b'{"params": NaN}',
        b'{"label": "\xe9"}',
        b'{"label": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 20_000,
    ],
    ids=["empty", "list", "number", "null", "nan", "latin-1", "surrogate", "deep lists", "deep objects"],
)
def test_a_body_that_is_no_json_object_is_400(client: FlaskClient, body: bytes) -> None:
    answer = post(client, body)
    assert (answer.status_code, slug(answer)) == (400, "malformed-body")


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=b"])
def test_a_form_that_can_not_be_read_is_400(client: FlaskClient, content_type: str) -> None:
    answer = post(client, b"nothing of that kind", content_type)
    assert (answer.status_code, slug(answer)) == (400, "malformed-body")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_another_media_type_is_415_and_says_what_is_taken(client: FlaskClient, content_type: str) -> None:
    answer = post(client, b"{}", content_type)
    assert (answer.status_code, slug(answer)) == (415, "unsupported-media-type")
    assert answer.headers["Accept-Post"] == "application/json, multipart/form-data"


def test_a_415_for_the_media_type_says_nothing_of_codings(client: FlaskClient) -> None:
    assert "Accept-Encoding" not in post(client, b"{}", "text/plain").headers


def test_utf_8_may_be_said(client: FlaskClient) -> None:
    assert post(client, b'{"params": {"number": 1}}', 'application/json; charset="UTF-8"').status_code == 202


def test_a_body_that_is_too_large_is_413(client: FlaskClient) -> None:
    answer = post(client, b" " * 200_001)
    assert (answer.status_code, slug(answer)) == (413, "body-too-large")


def test_a_body_of_just_the_size_is_read(client: FlaskClient) -> None:
    assert slug(post(client, b" " * 200_000)) == "malformed-body"


def test_a_body_that_says_it_is_too_large_is_not_read(client: FlaskClient) -> None:
    answer = client.post(
        RUN, input_stream=_Unread(), content_type="application/json", environ_overrides={"CONTENT_LENGTH": str(10**12)}
    )
    assert (answer.status_code, slug(answer)) == (413, "body-too-large")


def test_a_body_without_a_length_that_is_too_large_is_413(client: FlaskClient) -> None:
    answer = client.post(RUN, data=b" " * 200_001, content_type="application/json", environ_overrides=_CHUNKED)
    assert (answer.status_code, slug(answer)) == (413, "body-too-large")


def test_a_body_without_a_length_is_read(client: FlaskClient) -> None:
    body = b'{"params": {"number": 1}}'
    answer = client.post(RUN, data=body, content_type="application/json", environ_overrides=_CHUNKED)
    assert answer.status_code == 202


def test_a_form_with_too_many_fields_is_413(client: FlaskClient) -> None:
    answer = client.post(RUN, data={f"field{number}": "x" for number in range(40)}, content_type="multipart/form-data")
    assert (answer.status_code, slug(answer)) == (413, "body-too-large")


def test_an_unknown_url_is_404(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert (answer.status_code, slug(answer)) == (404, "not-found")


def test_two_slashes_are_no_redirect(client: FlaskClient) -> None:
    assert client.get("/analysis//double").status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_analysis_is_404(client: FlaskClient, method: str) -> None:
    answer = client.get("/analysis/nothing") if method == "get" else client.post("/analysis/nothing/run", json={})
    assert (answer.status_code, slug(answer)) == (404, "no-such-analysis")


def test_a_method_that_is_not_known_is_405_with_those_that_are(client: FlaskClient) -> None:
    answer = client.get(RUN)
    assert (answer.status_code, slug(answer), set(answer.allow)) == (405, "method-not-allowed", {"OPTIONS", "POST"})


def test_a_host_that_is_none_is_400(client: FlaskClient) -> None:
    answer = client.get("/jobs/x", headers={"Host": "a/b"})
    assert (answer.status_code, slug(answer)) == (400, "bad-request")


def test_the_type_of_a_problem_can_be_looked_up(client: FlaskClient) -> None:
    problem = client.get("/jobs/x").json
    found = client.get(problem["type"]).json
    assert (found["title"], found["status"]) == (problem["title"], problem["status"])


def test_an_unknown_type_of_problem_is_404(client: FlaskClient) -> None:
    assert slug(client.get("/problems/nothing")) == "not-found"


@pytest.mark.parametrize("error", [RuntimeError("hunter2"), ClaimRefused("hunter2", reason="queued")])
def test_a_mistake_of_ours_is_500_and_keeps_its_secrets(
    app: Flask, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(app.extensions["coatcheck"].store, "take", _raising(error))
    answer = app.test_client().post(RUN, json={"params": {"number": 1}}, headers={"X-Request-ID": "abc"})
    assert (answer.status_code, slug(answer), answer.json["request_id"]) == (500, "internal-error", "abc")
    assert "hunter2" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("number", "status", "problem"),
    [(errno.ENOSPC, 507, "storage-full"), (errno.EDQUOT, 507, "storage-full"), (errno.EIO, 503, "storage-unavailable")],
)
def test_a_file_storage_that_fails_is_told(
    app: Flask, monkeypatch: pytest.MonkeyPatch, number: int, status: int, problem: str
) -> None:
    error = StorageError("It can't.")
    error.__cause__ = OSError(number, "It can't.")
    monkeypatch.setattr(app.extensions["coatcheck"].store, "take", _raising(error))
    answer = app.test_client().post(RUN, json={"params": {"number": 1}})
    assert (answer.status_code, slug(answer)) == (status, problem)
    assert int(answer.headers["Retry-After"]) >= 1


def test_every_answer_has_the_id_of_its_request(client: FlaskClient) -> None:
    assert len(client.get("/livez").headers["X-Request-ID"]) == 32


def test_an_id_that_is_none_is_replaced(client: FlaskClient) -> None:
    assert client.get("/livez", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"] != "a b"


_CHUNKED = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}


class _Unread(io.BytesIO):
    """A body that fails the test when it is read."""

    def read(self, size: int | None = -1) -> bytes:
        raise AssertionError("The body was read.")


def _raising(error: Exception) -> object:
    def fail(*_: object) -> None:
        raise error

    return fail
