"""One call of a webhook over HTTP: to an address that was checked, within a time, and reading little of the answer.

The name is resolved once and the connection made to exactly the address that was checked, so that a name that resolves
otherwise a moment later leads nowhere else (DNS rebinding). No redirect is followed, no proxy of the environment used.
"""

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import ip_address
from queue import Empty, SimpleQueue

import httpcore
import httpx

from jobs.webhook_address import Address, Endpoint, Reach
from jobs.webhook_log import Call
from worker.internal.webhook_connection import CallFailed, Deadline, Pinned

#: How much of an answer's body is read, bytes: enough for an endpoint to get rid of what it says.
MOST_READ = 64 * 2**10


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a call."""

    call: Call
    #: When the endpoint wants to be called again, seconds from now; None where it did not say.
    retry_after: float | None = None


def call(
    endpoint: Endpoint, content: bytes, headers: Sequence[tuple[str, str]], *, reach: Reach, within: float
) -> Answer:
    """Posts the content to the endpoint; whatever comes of it is told, nothing is raised. ``within`` in seconds."""
    began = time.monotonic()
    status, retry_after, error = None, None, ""
    try:
        deadline = Deadline(within)
        addresses = _checked(endpoint, _resolve(endpoint, within=deadline.left()), reach=reach)
        status, retry_after = _post(endpoint, content, headers, addresses=addresses, deadline=deadline)
    except CallFailed as failed:
        error = str(failed)
    took = round((time.monotonic() - began) * 1000)
    return Answer(call=Call(status=status, ms=took, error=error), retry_after=retry_after)


def _resolve(endpoint: Endpoint, *, within: float) -> list[Address]:
    """The addresses of the endpoint's host. In a thread, for the resolver itself knows no time limit of ours."""
    found: SimpleQueue[list[Address]] = SimpleQueue()
    threading.Thread(target=lambda: found.put(_look_up(endpoint)), name="resolver", daemon=True).start()
    try:
        addresses = found.get(timeout=within)
    except Empty:
        raise CallFailed(f"The host's name was not resolved within {within:.3g} s.") from None
    if not addresses:
        raise CallFailed("The host's name can't be resolved.")
    return addresses


def _look_up(endpoint: Endpoint) -> list[Address]:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(place[0]) for *_, place in found]


def _checked(endpoint: Endpoint, addresses: list[Address], *, reach: Reach) -> list[Address]:
    """The addresses, if each may be called; of a name that has others too, none is."""
    if not all(reach.includes(endpoint, address) for address in addresses):
        raise CallFailed("The host is at an internal address, and webhooks go to public ones.")
    return addresses


def _post(
    endpoint: Endpoint,
    content: bytes,
    headers: Sequence[tuple[str, str]],
    *,
    addresses: Sequence[Address],
    deadline: Deadline,
) -> tuple[int, float | None]:
    """The status of the answer, and when to call again."""
    connection = httpcore.HTTPConnection(
        httpcore.Origin(endpoint.scheme.encode(), endpoint.host.encode(), endpoint.port),
        ssl_context=_verifying() if endpoint.scheme == "https" else None,
        network_backend=Pinned(addresses, deadline),
    )
    request = httpcore.Request(
        "POST",
        httpcore.URL(
            scheme=endpoint.scheme.encode(),
            host=endpoint.host.encode(),
            port=endpoint.port,
            target=endpoint.target.encode(),
        ),
        headers=[
            ("Host", endpoint.authority),
            *headers,
            ("Content-Length", str(len(content))),
            ("Connection", "close"),
        ],
        content=content,
    )
    with connection, _failures_in_words():
        response = connection.handle_request(request)
        _drain(response)
    return response.status, _retry_after(response.headers)


def _verifying() -> ssl.SSLContext:
    """Checks certificates: against ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` where they are set, else against certifi's."""
    return _context_for(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=1)
def _context_for(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Made once, for reading all those certificates takes longer than a call; httpx asks the environment itself."""
    return httpx.create_ssl_context()


def _drain(response: httpcore.Response) -> None:
    """Reads a little of the body; the status is what counts, so nothing that goes wrong here matters."""
    read = 0
    try:
        for piece in response.iter_stream():
            read += len(piece)
            if read > MOST_READ:
                return
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, CallFailed):
        return


@contextmanager
def _failures_in_words() -> Iterator[None]:
    """Turns what the library raises into one error with a text for people."""
    try:
        yield
    except httpcore.TimeoutException:
        raise CallFailed("The endpoint did not answer in time.") from None
    except httpcore.ConnectError as error:
        raise CallFailed(f"The endpoint can't be connected to: {_brief(error)}") from None
    except httpcore.ProtocolError:
        # What it said instead stays unsaid: it may be the greeting of some other service.
        raise CallFailed("The endpoint does not answer in HTTP.") from None
    except httpcore.NetworkError as error:
        raise CallFailed(f"The connection broke: {_brief(error)}") from None


def _brief(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> float | None:
    """The header in seconds from now (RFC 9110, section 10.2.3)."""
    told = next((value.decode("latin-1").strip() for name, value in headers if name.lower() == b"retry-after"), "")
    if told.isascii() and told.isdigit() and len(told) < 10:
        return float(told)
    try:
        return max(parsedate_to_datetime(told).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None
