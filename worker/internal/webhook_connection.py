"""The connection of a webhook's call: to addresses that were checked, and over when the call has to be."""

import ssl
import time
from collections.abc import Iterable, Sequence

import httpcore

from jobs.webhook_address import Address

#: How long connecting to one address may take, seconds.
CONNECT = 5.0

#: How much is sent at once, bytes.
_PIECE = 16 * 2**10


class CallFailed(Exception):
    """The endpoint did not answer; the text is for the caller whose webhook it is."""


class Deadline:
    """When a call has to be over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then.

        Raises:
            CallFailed: there are none.

        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise CallFailed(f"The call was not over within {self._seconds:g} s.")
        return left


class Pinned(httpcore.NetworkBackend):
    """Connects to the checked addresses, whatever the host's name leads to now."""

    def __init__(self, addresses: Sequence[Address], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that takes one."""
        for address in self._addresses[:-1]:
            try:
                return self._connect(address, port)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(self._addresses[-1], port)

    def _connect(self, address: Address, port: int) -> httpcore.NetworkStream:
        within = min(CONNECT, self._deadline.left())
        return _Timed(self._sockets.connect_tcp(str(address), port, timeout=within), self._deadline)


class _Timed(httpcore.NetworkStream):
    """A stream whose every step ends with the call's deadline, however slowly the other side drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come."""
        return self._stream.read(max_bytes, timeout=self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends all of it."""
        for at in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[at : at + _PIECE], timeout=self._deadline.left())

    def close(self) -> None:
        """Ends the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same, encrypted."""
        try:
            left = self._deadline.left()
        except CallFailed:
            self.close()
            raise
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, timeout=left), self._deadline)

    def get_extra_info(self, info: str) -> object:
        """What the library asks about the connection."""
        return self._stream.get_extra_info(info)
