"""What every answer tells browsers not to do with it."""

import pytest
from flask.testing import FlaskClient
from walking import NOBODY, hand_in, succeeded
from werkzeug.test import TestResponse

from app.access.security_headers import OF_ANSWERS, OF_PAGES
from jobs.leases import Leases

#: Whose policy says nothing but that there is nothing to load or to frame.
DATA = dict(OF_ANSWERS)["Content-Security-Policy"]


def lacking(answer: TestResponse, names: tuple[tuple[str, str], ...]) -> set[str]:
    return {name for name, _ in names} - set(answer.headers.keys())


@pytest.mark.parametrize("path", ["/livez", "/analysis", "/jobs", "/openapi.json", "/nothing", f"/jobs/{NOBODY}"])
def test_data_and_refusals_load_nothing_and_are_framed_by_nobody(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert {name: answer.headers.get(name) for name, _ in OF_ANSWERS} == dict(OF_ANSWERS)


def test_answers_of_the_express_lane_have_the_same(client: FlaskClient, leases: Leases) -> None:
    job_id = hand_in(client)
    done = succeeded(client, leases)
    for path in (f"/queuedResource/{job_id}/status", f"/queuedResource/{done}/status", f"/resource/{done}/result"):
        assert dict(OF_ANSWERS).items() <= dict(client.get(path).headers).items(), path


@pytest.mark.parametrize("path", ["/", "/docs", "/problems/not-found"])
def test_pages_keep_their_own_policy_and_have_no_device(client: FlaskClient, path: str) -> None:
    page = client.get(path, headers={"Accept": "text/html"})
    assert lacking(page, OF_ANSWERS + OF_PAGES) == set()
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert policy != DATA


def test_no_header_is_told_twice(client: FlaskClient) -> None:
    for path in ("/", "/livez", f"/queuedResource/{hand_in(client)}/status"):
        names = [name for name, _ in client.get(path, headers={"Accept": "text/html"}).headers if name != "Vary"]
        assert len(names) == len(set(names)), path
