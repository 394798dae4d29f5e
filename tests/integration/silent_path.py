"""A network path to a TCP server whose connections can die without a word: what is sent on them is swallowed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class SilentPath:
    """The path, and its connections so far."""

    port: int
    _dead: list[threading.Event] = field(default_factory=list)

    @property
    def connections(self) -> int:
        """How many were made, those that died among them."""
        return len(self._dead)

    def fall_silent(self) -> None:
        """Lets the connections die that there are; those that are made from now on hold."""
        for connection in self._dead:
            connection.set()

    def carry(self, near: socket.socket, far: socket.socket) -> None:
        """Passes bytes on between the two in threads of its own."""
        dead = threading.Event()
        self._dead.append(dead)
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=_pass_on, args=(source, target, dead), daemon=True).start()


@contextmanager
def a_path_that_may_fall_silent(port: int) -> Iterator[SilentPath]:
    """A path from a port of the loopback address to this one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        path = SilentPath(listener.getsockname()[1])
        threading.Thread(target=_accept, args=(listener, port, path), daemon=True).start()
        yield path
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int, path: SilentPath) -> None:
    with suppress(OSError):
        while True:
            near = listener.accept()[0]
            path.carry(near, socket.create_connection(("127.0.0.1", port)))


def _pass_on(source: socket.socket, target: socket.socket, dead: threading.Event) -> None:
    with source, target, suppress(OSError):
        while piece := source.recv(65536):
            if not dead.is_set():
                target.sendall(piece)
        if not dead.is_set():
            target.shutdown(socket.SHUT_RDWR)
