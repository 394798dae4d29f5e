"""A process that serves connections: gunicorn's, but it waits for nobody for ever, and what it refuses is a problem."""

import contextlib
import signal
import socket
from contextlib import AbstractContextManager, nullcontext
from time import monotonic

import gevent
import orjson
from gunicorn.http.body import LengthReader
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request
from gunicorn.workers.ggevent import GeventWorker
from werkzeug.http import HTTP_STATUS_CODES

from app.access.security_headers import OF_ANSWERS
from app.serving.client_socket import ClientSocket
from app.serving.file_loop import start_file_loop
from app.serving.patience import Limits, RequestTimeout
from app.serving.plain_lane import PlainLane
from app.serving.stopping import STOP

#: The statuses of requests that can't be parsed; 400 for any other.
_STATUSES: dict[type[Exception], int] = {
    RequestTimeout: 408,
    LimitRequestLine: 414,
    ExpectationFailed: 417,
    LimitRequestHeaders: 431,
    UnsupportedTransferCoding: 501,
}

#: How long a connection must have been idle before a stop ends it, seconds. One that is in use is told to close by its
#: next answer instead; to end it between two requests could cost the second.
LULL = 1.0

#: How long what is left of a body that nobody wanted is read, seconds, so that the connection can be kept.
DRAIN = 10.0


class HostMissing(ParseException):  # type: ignore[misc]
    """A request since HTTP/1.1 must name its host (RFC 9112, section 3.2)."""

    def __str__(self) -> str:
        return "The Host header is missing."


class ApiWorker(GeventWorker):  # type: ignore[misc]
    """One process of the API."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._limits = Limits.of(self.app.settings)
        self._clients: set[ClientSocket] = set()

    def init_process(self) -> None:
        """Boots this process; a stop that comes meanwhile would get lost in the parent's handler, which it inherits."""
        signal.signal(signal.SIGTERM, self.handle_exit)
        start_file_loop(self.app.settings)
        super().init_process()

    def handle_exit(self, sig: int, frame: object) -> None:
        """Begins a stop in good order."""
        STOP.begin()
        # A signal comes between any two lines; what is called back runs in a greenlet of its own.
        gevent.get_hub().loop.run_callback_threadsafe(gevent.spawn, STOP.tell)
        super().handle_exit(sig, frame)

    def notify(self) -> None:
        """Tells the parent that this process lives, each second, and lets go of connections that are idle for long."""
        super().notify()
        self._let_go(self.cfg.keepalive if self.alive else LULL)

    def timeout_ctx(self) -> AbstractContextManager[None]:
        """No timer for each request: how long a connection is idle is looked at each second."""
        return nullcontext()

    def handle(self, listener: socket.socket, client: socket.socket, addr: tuple[str, int]) -> None:
        """Serves one connection."""
        lane = PlainLane(self.wsgi, self.cfg, server=listener.getsockname(), client=addr)
        connection = ClientSocket(client, self._limits, lane=lane)
        self._clients.add(connection)
        try:
            super().handle(listener, connection, addr)
        finally:
            self._clients.discard(connection)

    def handle_request(self, listener_name: object, req: Request, sock: ClientSocket, addr: object) -> None:
        """Serves one request of a connection.

        Raises:
            HostMissing: it names no host.
            StopIteration: the connection can't be kept.

        """
        sock.begin(req)
        if req.version >= (1, 1) and not any(name == "HOST" for name, _ in req.headers):
            raise HostMissing
        try:
            super().handle_request(listener_name, req, sock, addr)
            _drain(req)
        except StopIteration:
            sock.linger()
            raise
        # What it has read behind the body begins the next request.
        behind = req.unreader.take_buffered()
        if behind:
            req.unreader.unread(behind)
        sock.rest(has_more=bool(behind))

    def handle_error(self, req: object, client: ClientSocket, addr: object, exc: BaseException) -> None:
        """Refuses what is not valid HTTP; no view and no error handler of the application sees it."""
        status = 500
        if isinstance(exc, ParseException):
            status = next((_STATUSES[kind] for kind in type(exc).__mro__ if kind in _STATUSES), 400)
            self.log.info("Refused a request: %s", exc)
        else:
            self.log.error("A connection failed", exc_info=exc)
        with contextlib.suppress(OSError):
            client.sendall(_refusal(status, str(exc) if status != 500 else ""))
            client.linger()

    def _let_go(self, lull: float) -> None:
        now = monotonic()
        for connection in self._clients:
            if connection.idle_since is not None and now - connection.idle_since >= lull:
                connection.end_input()


def _drain(request: Request) -> None:
    """Reads what is left of the body; the next request begins behind it.

    Raises:
        StopIteration: it takes too long, or is broken.

    """
    reader = request.body.reader
    if isinstance(reader, LengthReader) and reader.length == 0:
        return
    try:
        with gevent.Timeout(DRAIN, False):
            while request.body.read(65536):
                pass
            return
    except ParseException:
        pass
    raise StopIteration


def _refusal(status: int, detail: str) -> bytes:
    # What the client calls this service is not known yet, so the type is none of ours.
    title = HTTP_STATUS_CODES[status]
    body = orjson.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail[:500]})
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
        *OF_ANSWERS,
    ]
    lines = [f"HTTP/1.1 {status} {title}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + body
