"""What happens to a job, as the server tells it live (server-sent events).

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import httpx

from coatcheck.connection import Connection
from coatcheck.errors import ConnectionLost, Problem, UnexpectedAnswer

#: How long the server may be away in the midst of a story, seconds.
PATIENCE = 60.0

#: When a broken stream is asked for again if the server does not say, seconds.
_RECONNECT = 2.0

#: By these the server, or a proxy in front of it, says that it is away for now.
_AWAY = frozenset({httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT})

#: The type of a stream of events.
_EVENTS = "text/event-stream"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened to a job."""

    #: Counts from 1.
    id: int
    #: ``status``, ``progress``, ``log`` or, at last, ``completed``.
    kind: str
    #: What the server says of it.
    data: Mapping[str, object]


def follow(connection: Connection, url: str) -> Iterator[Event]:
    """Each event once, in order, until the job has ended; a stream that breaks is taken up where it broke.

    Raises:
        Problem: the server does not know the job, or the key is not good any more.
        ConnectionLost: the server is away for a minute.
        UnexpectedAnswer: it answers something else than events.

    """
    reader = _Reader()
    patience_ends: float | None = None
    while True:
        try:
            with connection.stream("GET", url, headers=reader.headers) as answer:
                patience_ends = None
                if answer.status_code == httpx.codes.NO_CONTENT:
                    return
                _check_events(answer)
                for event in reader.read(_lines(answer.iter_bytes())):
                    yield event
                    if event.kind == "completed":
                        return
        except (ConnectionLost, Problem) as error:
            if isinstance(error, Problem) and error.status not in _AWAY:
                raise
            patience_ends = patience_ends or time.monotonic() + PATIENCE
            if time.monotonic() > patience_ends:
                raise
        time.sleep(reader.reconnect)


def _check_events(answer: httpx.Response) -> None:
    """Raises UnexpectedAnswer where it is something else, which would be asked for again and again."""
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status_code != httpx.codes.OK or media_type != _EVENTS:
        raise UnexpectedAnswer(f"{answer.request.url} answered {answer.status_code} without events.")


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """The lines that are complete; httpx would also split where a text has a line separator of Unicode's."""
    rest = b""
    for piece in pieces:
        *complete, rest = (rest + piece).split(b"\n")
        yield from (line.removesuffix(b"\r").decode(errors="replace") for line in complete)


class _Reader:
    """Reads one stream after the other, and knows where the last one broke."""

    def __init__(self) -> None:
        self._last = 0
        #: When to ask again after a break, seconds.
        self.reconnect = _RECONNECT

    @property
    def headers(self) -> dict[str, str]:
        """What asks for the rest of the story."""
        return {"Accept": _EVENTS} | ({"Last-Event-ID": str(self._last)} if self._last else {})

    def read(self, lines: Iterable[str]) -> Iterator[Event]:
        """The events that are complete; a comment only says that the server is still there."""
        fields: dict[str, str] = {}
        for line in lines:
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
                continue
            if "data" in fields:
                yield self._event(fields)
            fields = {}

    def _event(self, fields: Mapping[str, str]) -> Event:
        try:
            self.reconnect = int(fields["retry"]) / 1000 if "retry" in fields else self.reconnect
            self._last = int(fields["id"])
            data = cast("dict[str, object]", json.loads(fields["data"]))
        except (KeyError, ValueError):
            raise UnexpectedAnswer("The server sent an event that can't be read.") from None
        return Event(id=self._last, kind=fields.get("event", "message"), data=data)
