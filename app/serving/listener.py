"""The socket that the API listens on: bound before anything else is begun, so that what is wrong is said at once."""

import socket

from jobs.settings import Settings

#: Connections that may wait to be accepted.
_BACKLOG = 2048


class ListenError(Exception):
    """The address can't be listened on; its text is one line for the operator."""


def listen(settings: Settings) -> socket.socket:
    """A listening socket on the host and port of the settings.

    Raises:
        ListenError: the port is taken, or the host is none of this machine.

    """
    family, address = _resolve(settings.host, settings.port)
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(f"can't listen on {settings.host} port {settings.port}: {error.strerror}") from None
    return listener


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(f"can't listen on {host}: {error.strerror}") from None
    # `localhost` is often both; clients that are told 127.0.0.1 must find it.
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, (str(address[0]), int(address[1]))
