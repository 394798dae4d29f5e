"""A process that serves connections: gunicorn's, but what it refuses is told as a problem, and it stops at once."""

import contextlib
import os
import signal
import socket

import gevent
import orjson
from gevent.monkey import get_original
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.ggevent import GeventWorker
from werkzeug.http import HTTP_STATUS_CODES

#: The statuses of requests that can't be parsed; 400 for any other.
_STATUSES: dict[type[Exception], int] = {
    LimitRequestLine: 414,
    ExpectationFailed: 417,
    LimitRequestHeaders: 431,
    UnsupportedTransferCoding: 501,
}

_native_socket = get_original("socket", "socket")

#: How long a client may go on sending what nobody reads, seconds, before the connection is cut.
LINGER = 2.0


class ApiWorker(GeventWorker):  # type: ignore[misc]
    """One process of the API."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        #: Connections that are kept while no request is on them.
        self._idle: set[socket.socket] = set()

    def init_process(self) -> None:
        """Boots this process; a stop that comes meanwhile would get lost in the parent's handler, which it inherits."""
        signal.signal(signal.SIGTERM, self.handle_exit)
        super().init_process()

    def notify(self) -> None:
        """Tells the parent that this process lives, each second; once it stops, lets go of idle connections too."""
        super().notify()
        if not self.alive:
            for connection in self._idle:
                _end_input(connection)

    def handle(self, listener: socket.socket, client: socket.socket, addr: object) -> None:
        """Serves one connection."""
        self._idle.add(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self._idle.discard(client)

    def handle_request(self, listener_name: object, req: object, sock: socket.socket, addr: object) -> None:
        """Serves one request of a connection."""
        self._idle.discard(sock)
        try:
            super().handle_request(listener_name, req, sock, addr)
        except StopIteration:
            _linger(sock)
            raise
        self._idle.add(sock)

    def handle_error(self, req: object, client: socket.socket, addr: object, exc: BaseException) -> None:
        """Refuses what is not valid HTTP; no view and no error handler of the application sees it."""
        status = 500
        if isinstance(exc, ParseException):
            status = next((_STATUSES[kind] for kind in type(exc).__mro__ if kind in _STATUSES), 400)
            self.log.info("Refused a request: %s", exc)
        else:
            self.log.error("A connection failed", exc_info=exc)
        with contextlib.suppress(OSError):
            client.sendall(_refusal(status, str(exc) if status != 500 else ""))
            _linger(client)


def _refusal(status: int, detail: str) -> bytes:
    # What the client calls this service is not known yet, so the type is none of ours.
    title = HTTP_STATUS_CODES[status]
    body = orjson.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail[:500]})
    head = (
        f"HTTP/1.1 {status} {title}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body


def _end_input(connection: socket.socket) -> None:
    """Lets the connection read as ended by its client; gevent's own ``shutdown`` would raise in whoever reads."""
    with contextlib.suppress(OSError), _native_socket(fileno=os.dup(connection.fileno())) as native:
        native.shutdown(socket.SHUT_RD)


def _linger(connection: socket.socket) -> None:
    """Reads what still comes: closing over unread bytes resets the connection, and the client never sees the answer."""
    with contextlib.suppress(OSError), gevent.Timeout(LINGER, False):
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
