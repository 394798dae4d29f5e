"""Conditions of requests for the parts of the page that documents the API."""

import pytest
from flask.testing import FlaskClient

PART = "/docs/swagger-ui.css"


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": '"other"'},
        {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"Range": "bytes=0-3"},
        {"Range": "bytes=99999999-"},
        {"Range": "x"},
        {"If-None-Match": '"other"'},
    ],
)
def test_a_condition_that_is_not_for_the_page_changes_nothing(client: FlaskClient, headers: dict[str, str]) -> None:
    with client.get(PART, headers=headers) as answer, client.get(PART) as usual:
        assert (answer.status_code, answer.data) == (200, usual.data)


def test_a_part_of_the_page_that_the_browser_has_is_not_sent_again(client: FlaskClient) -> None:
    with client.get(PART) as usual:
        tag = usual.headers["ETag"]
    answer = client.get(PART, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")
