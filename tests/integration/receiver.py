"""A receiver of webhooks for tests: a real HTTP server on the loopback address that answers as it is told."""

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO, cast

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Delivered:
    """One call that has come."""

    path: str
    headers: dict[str, str]
    content: bytes
    #: When it came, monotonic seconds.
    at: float

    def verified(self, secret: str) -> dict[str, object]:
        """The message, checked as a receiver checks it."""
        return cast("dict[str, object]", Webhook(secret).verify(self.content, self.headers))


@dataclass
class Receiver:
    """What came, and what is answered."""

    url: str = ""
    #: The statuses of the next answers; afterwards it is ``status``.
    statuses: list[int] = field(default_factory=list)
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    #: Called before an answer, to keep it back.
    before: Callable[[], object] = lambda: None
    #: Writes the rest of an answer's body, endless where it likes.
    body: Callable[[BinaryIO], object] | None = None
    calls: list[Delivered] = field(default_factory=list)

    def next_status(self) -> int:
        return self.statuses.pop(0) if self.statuses else self.status


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        receiver = self.receiver
        receiver.calls.append(Delivered(self.path, dict(self.headers.items()), content, time.monotonic()))
        receiver.before()
        # Who called may be gone: killed, or out of time.
        with contextlib.suppress(OSError):
            self._answer(receiver)

    def do_GET(self) -> None:
        self.receiver.calls.append(Delivered(self.path, dict(self.headers.items()), b"", time.monotonic()))
        self.send_error(405)

    def _answer(self, receiver: Receiver) -> None:
        self.send_response(receiver.next_status())
        for name, value in receiver.headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        if receiver.body is None:
            self.send_header("Content-Length", "0")
        self.end_headers()
        if receiver.body is not None:
            receiver.body(cast("BinaryIO", self.wfile))
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A handshake that was broken off is what some tests are about."""


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that runs as long as this is open; with a context it speaks HTTPS."""
    receiver = Receiver()
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    with _Server(("127.0.0.1", 0), handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        receiver.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
