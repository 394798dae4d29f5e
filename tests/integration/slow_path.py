"""A slow network path to a TCP server: passes bytes on after a while, in both directions."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def a_slow_path(port: int, *, delay: float) -> Iterator[int]:
    """A port of the loopback address from which each piece of an answer comes ``delay`` seconds late."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, port, delay), daemon=True).start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int, delay: float) -> None:
    with suppress(OSError):
        while True:
            near, far = listener.accept()[0], socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=_pass_on, args=(near, far, 0.0), daemon=True).start()
            threading.Thread(target=_pass_on, args=(far, near, delay), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, delay: float) -> None:
    with source, target, suppress(OSError):
        while piece := source.recv(65536):
            time.sleep(delay)
            target.sendall(piece)
        target.shutdown(socket.SHUT_RDWR)
