"""The plain lane: a request of the plain form reaches the application without gunicorn's work on it.

The application is the same, and so is what it is told and what it says; only the bytes of usual requests and answers
are read and written here. An answer of any other form is written by gunicorn.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from time import time
from typing import TYPE_CHECKING, Protocol

import gevent
import structlog
from gunicorn import SERVER
from gunicorn.config import Config
from gunicorn.http.wsgi import Response, base_environ
from gunicorn.util import http_date

from app.read_ahead import READ_AHEAD, ReadAhead
from app.serving.plain_request import PlainHead
from app.serving.stopping import stopping

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import WSGIApplication

log = structlog.get_logger(__name__)

#: Headers of an answer.
Headers = list[tuple[str, str]]


class Connection(Protocol):
    """Where answers go."""

    def send_whole(self, data: bytes) -> None:
        """Sends an answer that is whole."""
        ...

    def sendall(self, data: bytes) -> None:
        """Sends the next part of an answer."""
        ...


class PlainLane:
    """Has the plain requests of one connection answered."""

    def __init__(
        self, application: "WSGIApplication", config: Config, *, server: tuple[str, int], client: tuple[str, int]
    ) -> None:
        self._application = application
        self._config = config
        #: What one request read for the next.
        self.ahead = ReadAhead()
        #: What WSGI is told alike with all requests of the connection.
        self._environ: dict[str, object] = base_environ(config) | {
            "wsgi.multithread": True,
            "wsgi.url_scheme": "http",
            "SCRIPT_NAME": "",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
            "REMOTE_ADDR": client[0],
            "REMOTE_PORT": str(client[1]),
            READ_AHEAD: self.ahead,
        }

    def answer(self, head: PlainHead, body: bytes, connection: Connection) -> bool:
        """Has a request answered; says whether the connection can be kept.

        Raises:
            OSError: the client is gone.

        """
        self.ahead.turn()
        answer = _Answer(_Asked(head.method), connection, self._config)
        try:
            return self._answered(self._environ | head.environ(body), answer, connection)
        except (gevent.GreenletExit, SystemExit):
            # The process ends.
            return False
        except OSError:
            raise
        except Exception:
            if not answer.is_begun:
                raise
            # Nothing can follow what was sent; the client must see that it ends.
            log.exception("answer.broken")
            return False

    def _answered(self, environ: dict[str, object], answer: "_Answer", connection: Connection) -> bool:
        pieces = self._application(environ, answer.start)
        try:
            whole = answer.whole(pieces)
            if whole is None:
                return answer.stream(pieces)
            answer.is_begun = True
            connection.send_whole(whole)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        return True


class _Asked:
    """What gunicorn wants to know of the request that it writes an answer to."""

    version = (1, 1)

    def __init__(self, method: str) -> None:
        self.method = method
        self._closes: bool | None = None

    def should_close(self) -> bool:
        """Whether this answer is the last one of the connection; decided once, for what its head says must be done."""
        if self._closes is None:
            self._closes = stopping()
        return self._closes


class _Answer:
    """What the application says."""

    __slots__ = ("_asked", "_by_gunicorn", "_config", "_connection", "_headers", "_status", "is_begun")

    def __init__(self, asked: _Asked, connection: Connection, config: Config) -> None:
        self._asked = asked
        self._connection = connection
        self._config = config
        self._status = ""
        self._headers: Headers = []
        self._by_gunicorn: Response | None = None
        #: Whether some of it may have been sent.
        self.is_begun = False

    def start(self, status: str, headers: Headers, exc_info: "OptExcInfo | None" = None) -> Callable[[bytes], object]:
        """Takes the head (WSGI's ``start_response``)."""
        if self._by_gunicorn is not None:
            write: Callable[[bytes], object] = self._by_gunicorn.start_response(status, headers, exc_info)
            return write
        self._status, self._headers = status, headers
        return self._write

    def whole(self, pieces: Iterable[bytes]) -> bytes | None:
        """The bytes of the answer where it is a single piece of the length that its head says; else None."""
        if self._by_gunicorn is not None or not isinstance(pieces, list) or len(pieces) != 1 or stopping():
            return None
        body: bytes = pieces[0]
        if ("Content-Length", str(len(body))) not in self._headers:
            return None
        lines = [
            f"HTTP/1.1 {self._status}",
            _opening(int(time())),
            *[f"{name}: {said}" for name, said in self._headers],
        ]
        head = "\r\n".join(lines)
        # A line break inside a header would begin another one.
        if head.count("\r") != len(lines) + 1 or head.count("\n") != len(lines) + 1:
            return None
        return b"%b\r\n\r\n%b" % (head.encode("latin-1"), body)

    def stream(self, pieces: Iterable[bytes]) -> bool:
        """Has gunicorn write the answer; says whether the connection can be kept.

        Raises:
            OSError: the client is gone.

        """
        response = self._response()
        try:
            for piece in pieces:
                response.write(piece)
            response.close()
        finally:
            self.is_begun = response.headers_sent
        return not response.should_close()

    def _write(self, data: bytes) -> object:
        return self._response().write(data)

    def _response(self) -> Response:
        if self._by_gunicorn is None:
            self._by_gunicorn = Response(self._asked, self._connection, self._config)
            self._by_gunicorn.start_response(self._status, self._headers)
        return self._by_gunicorn


@lru_cache(maxsize=2)
def _opening(second: int) -> str:
    """The headers that every answer begins with."""
    return f"Server: {SERVER}\r\nDate: {http_date(second)}\r\nConnection: keep-alive"
