"""The client's API key: where it comes from, and that nobody gets it but the server it is for."""

import subprocess
import sys
import traceback
from base64 import b64encode
from collections.abc import Iterator

import pytest
from client_stand_in import STATUS_PATH, StandIn, standing_in

from coatcheck import Client, CoatcheckError, ConnectionLost, UnexpectedAnswer
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


def test_the_login_of_the_url_is_sent_to_that_server_alone(server: StandIn) -> None:
    url = server.url.replace("//", "//me:s%2Fcret@")
    with standing_in(StandIn()) as stranger, Client(url) as client:
        client.submit("describe", data={"builtin": "iris"}).result()
        client.send("GET", stranger.url + STATUS_PATH)
    assert server.authorizations == [f"Basic {b64encode(b'me:s/cret').decode()}"] * len(server.requests)
    assert stranger.authorizations == [None]


def test_a_key_goes_before_the_login_of_the_url(server: StandIn) -> None:
    with Client(server.url.replace("//", "//me:secret@"), api_key=KEY) as client:
        client.workers()
    assert server.authorizations == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://me:secret@127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://me:secret@127.0.0.1:1/below/", "http://127.0.0.1:1/below"),
        ("http://me:secret/secret@127.0.0.1:1", "…@127.0.0.1:1"),
        ("http://me:secret@secret@127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://me:2024#secret@127.0.0.1:1", "…@127.0.0.1:1"),
        ("me:secret@127.0.0.1:1", "…@127.0.0.1:1"),
    ],
)
def test_the_password_of_the_url_is_never_shown(url: str, shown: str) -> None:
    with pytest.raises(ConnectionLost) as lost, Client(url) as client:
        client.workers()
    assert (shown in str(lost.value), "secret" in str(lost.value)) == (True, False)
    told = "".join(traceback.format_exception(lost.value))
    assert "secret" not in told


def test_a_server_that_is_no_coatcheck_is_named_without_the_password(server: StandIn) -> None:
    server.workers = "stranger"
    with Client(server.url.replace("//", "//me:secret@")) as client, pytest.raises(UnexpectedAnswer) as told:
        client.workers()
    assert str(told.value).startswith(f"{server.url}/readyz answered 200")


def test_the_demo_shows_no_password(server: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    demonstrate(server.url.replace("//", "//me:secret@"))
    said = capsys.readouterr().out
    assert (f"Using the Coatcheck at {server.url}" in said, "secret" in said) == (True, False)


def test_the_demo_sends_the_key(server: StandIn) -> None:
    demonstrate(server.url, api_key=KEY)
    assert f"Bearer {KEY}" in server.authorizations


def test_the_demo_takes_the_key_as_an_option(server: StandIn) -> None:
    command = [sys.executable, "-m", "coatcheck", "demo", "--url", server.url, "--api-key", KEY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, f"Bearer {KEY}" in server.authorizations) == (0, True)
    assert KEY not in done.stdout + done.stderr
