"""Which addresses the API listens on, and what it says where it does not."""

import socket

import pytest

from app.serving.listener import ListenError, listen
from jobs.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_a_loopback_address_is_listened_on(host: str) -> None:
    with listen(Settings(host=host, port=0)) as listener:
        assert listener.getsockname()[1] > 0


def test_localhost_is_the_address_that_clients_try_first() -> None:
    with listen(Settings(host="localhost", port=0)) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_an_address_that_others_reach_is_listened_on_since_keys_are_asked_for() -> None:
    with listen(Settings(host="0.0.0.0", port=0)) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=rf"^can't listen on 127\.0\.0\.1 port {port}: Address already in use$"):
            listen(Settings(port=port))


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(ListenError, match=r"can't listen on 192\.0\.2\.1"):
        listen(Settings(host="192.0.2.1", port=0))
