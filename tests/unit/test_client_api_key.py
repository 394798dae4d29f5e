"""The client's API key: where it comes from, and that nobody gets it but the server it is for."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from client_stand_in import STATUS_PATH, StandIn, standing_in

from coatcheck import Client, CoatcheckError
from coatcheck.demonstration import demonstrate

KEY = "ck_abcdefghijkl_" + "x" * 43


@pytest.fixture
def server() -> Iterator[StandIn]:
    with standing_in(StandIn()) as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COATCHECK_API_KEY", raising=False)


def test_the_key_goes_with_every_request_of_the_walk(server: StandIn) -> None:
    with Client(server.url, api_key=KEY) as client:
        client.submit("describe", data={"builtin": "iris"}).result()
    assert server.authorizations == [f"Bearer {KEY}"] * len(server.requests)
    assert len(server.requests) > 3


def test_without_a_key_nothing_is_sent(server: StandIn) -> None:
    with Client(server.url) as client:
        client.workers()
    assert server.authorizations == [None]


def test_the_key_is_taken_from_the_variable(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_API_KEY", f"{KEY}\n")
    with Client(server.url) as client:
        client.workers()
    assert server.authorizations == [f"Bearer {KEY}"]


@pytest.mark.parametrize(("given", "sent"), [("ck_other", "Bearer ck_other"), ("", None)])
def test_what_is_given_goes_before_the_variable(
    server: StandIn, monkeypatch: pytest.MonkeyPatch, given: str, sent: str | None
) -> None:
    monkeypatch.setenv("COATCHECK_API_KEY", KEY)
    with Client(server.url, api_key=given) as client:
        client.workers()
    assert server.authorizations == [sent]


def test_another_server_does_not_get_the_key(server: StandIn) -> None:
    with standing_in(StandIn()) as stranger, Client(server.url, api_key=KEY) as client:
        client.submit("describe", data={"builtin": "iris"})
        client.send("GET", stranger.url + STATUS_PATH)
    assert (server.authorizations, stranger.authorizations) == ([f"Bearer {KEY}"], [None])


def test_another_name_of_the_same_server_does_not_get_the_key(server: StandIn) -> None:
    with Client(server.url, api_key=KEY) as client:
        client.send("GET", server.url.replace("127.0.0.1", "localhost") + STATUS_PATH)
    assert server.authorizations == [None]


@pytest.mark.parametrize("key", ["a b", "ck_ä", "ck_a\nX: y", "ck_a\x00"])
def test_what_cannot_be_a_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(CoatcheckError) as refused:
        Client("http://127.0.0.1:1", api_key=key)
    assert key not in str(refused.value)


def test_the_demo_sends_the_key(server: StandIn) -> None:
    demonstrate(server.url, api_key=KEY)
    assert f"Bearer {KEY}" in server.authorizations


def test_the_demo_takes_the_key_as_an_option(server: StandIn) -> None:
    command = [sys.executable, "-m", "coatcheck", "demo", "--url", server.url, "--api-key", KEY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, f"Bearer {KEY}" in server.authorizations) == (0, True)
    assert KEY not in done.stdout + done.stderr
