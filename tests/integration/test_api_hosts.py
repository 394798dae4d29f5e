"""The names that the service goes by: who calls it by another one gets nothing, in the express lane either."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from desks import desk_of
from flask.testing import FlaskClient
from walking import hand_in, slug

from app.factory import create_app
from jobs.settings import Settings


@contextmanager
def serving(settings: Settings) -> Iterator[FlaskClient]:
    """A client of an API with these settings."""
    app = create_app(settings)
    yield app.test_client()
    desk_of(app).store.redis.close()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "app.localhost:8000",
        "127.0.0.1",
        "127.0.0.1:8000",
        "192.168.1.5:8000",
        "[::1]:8000",
        "[fe80::1]",
        "api",
        "api:8000",
        "localhost.",
    ],
)
def test_what_no_page_can_have_resolved_elsewhere_is_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/analysis", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "notlocalhost.example",
        "1.2.3",
    ],
)
@pytest.mark.parametrize("path", ["/", "/analysis", "/livez", "/nothing"])
def test_another_name_is_refused_by_an_open_service(client: FlaskClient, path: str, host: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert (answer.status_code, slug(answer)) == (421, "unknown-host")


def test_another_name_is_refused_in_the_express_lane(client: FlaskClient) -> None:
    job_id = hand_in(client)
    evil = {"Host": "evil.example"}
    answers = [
        client.get(f"/queuedResource/{job_id}/status", headers=evil),
        client.get(f"/resource/{job_id}/result", headers=evil),
        client.post("/analysis/double/run", json={"params": {"number": 1}}, headers=evil),
    ]
    assert [(answer.status_code, slug(answer)) for answer in answers] == [(421, "unknown-host")] * 3


def test_a_service_that_asks_for_keys_goes_by_any_name(api_settings: Settings) -> None:
    with serving(replace(api_settings, open=False)) as client:
        assert client.get("/livez", headers={"Host": "jobs.example.org"}).status_code == 200


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("jobs.example.org", 200),
        ("Jobs.Example.org:443", 200),
        ("a.lab.example", 200),
        ("a.b.lab.example", 200),
        ("lab.example", 421),
        ("evillab.example", 421),
        ("evil.jobs.example.org", 421),
        ("10.0.0.1", 200),
    ],
)
def test_names_that_are_set_are_taken_and_no_others(
    api_settings: Settings, host: str, status: int, *, is_open: bool
) -> None:
    names = ("jobs.example.org", ".Lab.example")
    with serving(replace(api_settings, open=is_open, allowed_hosts=names)) as client:
        assert client.get("/livez", headers={"Host": host}).status_code == status


def test_the_name_that_it_listens_on_is_taken(api_settings: Settings) -> None:
    with serving(replace(api_settings, host="lab.example")) as client:
        assert client.get("/livez", headers={"Host": "lab.example:8000"}).status_code == 200
        assert client.get("/livez", headers={"Host": "evil.example:8000"}).status_code == 421


def test_any_name_can_be_allowed(api_settings: Settings) -> None:
    with serving(replace(api_settings, allowed_hosts=("*",))) as client:
        assert client.get("/analysis", headers={"Host": "whatever.example"}).status_code == 200


def test_the_name_that_a_trusted_proxy_tells_counts(api_settings: Settings) -> None:
    with serving(replace(api_settings, trusted_proxies=1, allowed_hosts=("jobs.example.org",))) as client:
        told = {"Host": "upstream.internal", "X-Forwarded-Host": "jobs.example.org"}
        assert client.get("/livez", headers=told).status_code == 200
        assert client.get("/livez", headers=told | {"X-Forwarded-Host": "evil.example"}).status_code == 421
