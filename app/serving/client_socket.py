"""The socket of one client, which does not wait for it for ever; what is said over it is decided elsewhere."""

import contextlib
import errno
import os
import socket
import struct
from time import monotonic

import gevent
import gevent.socket
import structlog
from gevent.monkey import get_original
from gunicorn.http.message import Request

from app.serving.patience import Limits, Patience, RequestTimeout
from app.serving.plain_lane import PlainLane
from app.serving.plain_request import plain_head

log = structlog.get_logger(__name__)

#: How long a client may go on sending what nobody reads, seconds, before the connection is cut.
LINGER = 2.0

#: SO_LINGER by which a close forgets at once what was not taken; the kernel would keep it for minutes.
_FORGET = struct.pack("ii", 1, 0)

#: What a head says whose body has a known length.
_LENGTH = b"\r\nContent-Length: "

#: Largest body that is copied to go with its head, bytes.
_SMALL = 65536

#: Bytes that are read at once where a request may begin.
_PIECE = 65536

#: How long the rest of a plain request may take, seconds: clients send head and body one after the other. What takes
#: longer is read by gunicorn, with all its limits.
_SOON = 0.05

_native_socket = get_original("socket", "socket")


class ClientSocket(gevent.socket.socket):  # type: ignore[misc]
    """A connection that waits for a request, reads it, and takes its answer; who is too slow at that is cut off."""

    __slots__ = (
        "_at_head",
        "_at_request",
        "_head_ends",
        "_held",
        "_lane",
        "_limits",
        "_reading",
        "_writing",
        "idle_since",
        "request",
    )

    def __init__(self, accepted: gevent.socket.socket, limits: Limits, *, lane: PlainLane) -> None:
        """Takes over a connection that was accepted."""
        family, kind, protocol = accepted.family, accepted.type, accepted.proto
        super().__init__(family, kind, protocol, fileno=accepted.detach())
        self._limits = limits
        self._lane = lane
        self._reading = Patience(limits)
        self._writing = Patience(limits)
        #: The request that is being answered; None while its headers are waited for or read.
        self.request: Request | None = None
        #: Since when nothing has come, by the monotonic clock; None while there is a request.
        self.idle_since: float | None = monotonic()
        #: Whether what comes next from the client is the first byte of a request.
        self._at_request = True
        #: When the headers must be complete.
        self._head_ends = 0.0
        #: Whether the head of the answer goes next, and the head while it waits for the body.
        self._at_head = False
        self._held = b""

    def begin(self, request: Request) -> None:
        """The headers are complete: what comes now is the body, what goes is the answer."""
        self.request = request
        self.idle_since = None
        self._at_head = True
        self._lane.ahead.turn()
        self._reading.renew()
        self._writing.renew()

    def rest(self, *, has_more: bool = False) -> None:
        """The request is answered; another may come, or was read already to some part (``has_more``)."""
        self._send_held()
        self.request = None
        self.idle_since = monotonic()
        self._at_request = not has_more
        self.settimeout(None)

    def recv(self, *arguments: int) -> bytes:
        """What comes next from the client, b"" at its end. Plain requests come not: they are answered here.

        Raises:
            RequestTimeout: the client is too slow.

        """
        if self.request is not None:
            return self._recv_body(self.request, *arguments)
        if self.idle_since is None:
            return self._recv_head(*arguments)
        return self._recv_request()

    def send(self, data: "bytes | memoryview", flags: int = 0) -> int:
        """Sends some of it and returns how much.

        Raises:
            ConnectionResetError: the client does not read; the connection is given up.

        """
        began = monotonic()
        self.settimeout(self._writing.left)
        try:
            sent: int = super().send(data, flags)
        except TimeoutError:
            log.info("connection.cut", reason="the client does not read its answer")
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _FORGET)
            raise ConnectionResetError(errno.ECONNRESET, "the client does not read its answer") from None
        self._writing.spend(monotonic() - began, moved=sent)
        return sent

    def sendall(self, data: bytes, flags: int = 0) -> None:
        """Sends all of it; raises what :meth:`send` does.

        The server says head and body one after the other. Two packets are two wake-ups of whoever reads, so a head that
        names a length waits for the body, which is there already; a stream's head goes at once.
        """
        if self._at_head:
            self._at_head = False
            if _LENGTH in data:
                self._held = data
                return
        if self._held and len(data) <= _SMALL:
            data, self._held = self._held + data, b""
        self._send_held()
        self._send_all(data)

    def send_whole(self, data: bytes) -> None:
        """Sends an answer that is whole; raises what :meth:`send` does."""
        self._at_head = False
        self._send_all(data)

    def linger(self) -> None:
        """Reads what still comes: closing over unread bytes resets the connection, and its answer is never seen."""
        with contextlib.suppress(OSError), gevent.Timeout(LINGER, False):
            self._send_held()
            self.shutdown(socket.SHUT_WR)
            while super().recv(65536):
                pass

    def end_input(self) -> None:
        """Lets the connection read as ended by its client; gevent's own ``shutdown`` would raise in whoever reads."""
        with contextlib.suppress(OSError), _native_socket(fileno=os.dup(self.fileno())) as native:
            native.shutdown(socket.SHUT_RD)

    def _send_held(self) -> None:
        held, self._held = self._held, b""
        self._send_all(held)

    def _send_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self.send(rest) :]

    def _recv_request(self) -> bytes:
        """The first bytes of the next request that is not plain; how long they may take is not this one's matter."""
        while True:
            data: bytes = super().recv(_PIECE)
            self.idle_since = None
            head = plain_head(data) if self._at_request else None
            if head is not None:
                data = self._with_rest(data, head.size + head.length)
            if head is None or len(data) != head.size + head.length:
                self._head_ends = monotonic() + self._limits.head
                return data
            self._at_head = True
            self._writing.renew()
            if not self._lane.answer(head, data[head.size :], self):
                self.linger()
                return b""
            self.rest()

    def _with_rest(self, data: bytes, size: int) -> bytes:
        """The data with what comes soon of the rest of a request of this size."""
        ends = monotonic() + _SOON
        while len(data) < size <= _PIECE and (left := ends - monotonic()) > 0:
            self.settimeout(left)
            try:
                piece: bytes = super().recv(_PIECE)
            except TimeoutError:
                break
            if not piece:
                break
            data += piece
        return data

    def _recv_head(self, *arguments: int) -> bytes:
        self.settimeout(max(0.001, self._head_ends - monotonic()))
        try:
            data: bytes = super().recv(*arguments)
        except TimeoutError:
            raise RequestTimeout(f"The headers were not complete within {self._limits.head:g} s.") from None
        return data

    def _recv_body(self, request: Request, *arguments: int) -> bytes:
        began = monotonic()
        self.settimeout(self._reading.left)
        try:
            data: bytes = super().recv(*arguments)
        except TimeoutError:
            # The rest may still come, so nothing else can be read from this connection.
            request.force_close()
            raise RequestTimeout(
                f"The body came too slowly: send at least {self._limits.speed:g} bytes a second, and pause no longer "
                f"than {self._limits.stall:g} s."
            ) from None
        self._reading.spend(monotonic() - began, moved=len(data))
        return data
