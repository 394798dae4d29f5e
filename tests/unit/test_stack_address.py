"""Where the API may listen: loopback or not, free or taken."""

import socket

import pytest

from stack.address import Address, is_loopback, usable_address
from stack.errors import AddressRefused


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_is_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", "localhost.example.org", ""])
def test_everything_else_is_open_to_others(host: str) -> None:
    assert not is_loopback(host)


def test_a_host_that_others_reach_is_taken() -> None:
    assert usable_address("0.0.0.0", 0).host == "0.0.0.0"


def test_port_0_becomes_a_free_port() -> None:
    assert usable_address("127.0.0.1", 0).port > 0


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(AddressRefused, match="is taken"):
        usable_address("127.0.0.1", other.getsockname()[1])


def test_a_port_with_lingering_connections_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), listener.accept()[0]:
            pass
    # The server's side closed first or together: the port is in TIME_WAIT now on one side.
    assert usable_address("127.0.0.1", port).port == port


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(AddressRefused, match=r"Can't listen on 192\.0\.2\.1"):
        usable_address("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("::", "http://[::1]:8000"),
    ],
)
def test_the_url_is_one_that_this_machine_reaches(host: str, url: str) -> None:
    assert Address(host=host, port=8000).url == url
