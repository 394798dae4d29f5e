"""Following a job, against a stand-in server: the whole story, once, also over connections that break."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from client_stand_in import ID, StandIn, standing_in

from coatcheck import Client, ConnectionLost, Event, Problem, Ticket, UnexpectedAnswer, events

#: Asks to be asked again after a millisecond.
AT_ONCE = "retry: 1\n"

QUEUED = 'id: 1\nevent: status\ndata: {"status":"queued"}\n\n'
HALF = 'id: 2\nevent: progress\ndata: {"progress":50}\n\n'
DONE = 'id: 3\nevent: completed\ndata: {"status":"succeeded"}\n\n'

TOLD = [
    Event(id=1, kind="status", data={"status": "queued"}),
    Event(id=2, kind="progress", data={"progress": 50}),
    Event(id=3, kind="completed", data={"status": "succeeded"}),
]


@dataclass
class Teller(StandIn):
    """Answers one question after the other for events as it is told to, the last one for ever."""

    #: Statuses and bodies.
    story: list[tuple[int, object]] = field(default_factory=list)
    #: The type of each of them.
    media_type: str = "text/event-stream"

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], object]:
        if not path.endswith("/events"):
            return super().answer(method, path)
        status, body = self.story.pop(0) if len(self.story) > 1 else self.story[0]
        return status, {"Content-Type": self.media_type}, body

    @property
    def last_event_ids(self) -> list[str | None]:
        """What each question for events named as the last one that was told."""
        asked = zip(self.requests, self.headers, strict=True)
        return [headers.get("last-event-id") for (_, path, _), headers in asked if path.endswith("/events")]


@pytest.fixture
def server() -> Iterator[Teller]:
    with standing_in(Teller()) as teller:
        assert isinstance(teller, Teller)
        yield teller


@pytest.fixture
def ticket(server: Teller) -> Iterator[Ticket]:
    with Client(server.url) as client:
        yield client.submit("describe", data={"builtin": "iris"})


def test_the_events_are_told_until_the_job_has_ended(server: Teller, ticket: Ticket) -> None:
    server.story = [(200, f"{AT_ONCE}{QUEUED}: still there\n{HALF}{DONE}")]
    assert list(ticket.events()) == TOLD


def test_a_broken_stream_is_taken_up_where_it_broke(server: Teller, ticket: Ticket) -> None:
    server.story = [(200, AT_ONCE + QUEUED + HALF[:-1]), (200, HALF), (200, DONE)]
    assert list(ticket.events()) == TOLD
    assert server.last_event_ids == [None, "1", "2"]


def test_a_story_that_was_told_before_ends_at_once(server: Teller, ticket: Ticket) -> None:
    server.story = [(200, AT_ONCE + QUEUED), (204, "")]
    assert list(ticket.events()) == TOLD[:1]


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_outage_in_the_midst_is_waited_for(server: Teller, ticket: Ticket, status: int) -> None:
    server.story = [(200, AT_ONCE + QUEUED), (status, {"title": "Not now"}), (200, HALF + DONE)]
    assert list(ticket.events()) == TOLD


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_a_text_with_a_separator_of_lines_is_one_event(server: Teller, ticket: Ticket, separator: str) -> None:
    said = {"message": f"one{separator}two"}
    server.story = [(200, f"id: 1\nevent: log\ndata: {json.dumps(said, ensure_ascii=False)}\n\n{DONE}")]
    assert list(ticket.events()) == [Event(id=1, kind="log", data=said), TOLD[-1]]


def test_lines_may_end_as_those_of_windows(server: Teller, ticket: Ticket) -> None:
    server.story = [(200, (AT_ONCE + QUEUED + HALF + DONE).replace("\n", "\r\n"))]
    assert list(ticket.events()) == TOLD


def test_a_job_that_is_not_known_has_no_story(server: Teller, ticket: Ticket) -> None:
    server.story = [(404, {"title": "No such job"})]
    with pytest.raises(Problem, match="No such job"):
        list(ticket.events())


@pytest.mark.parametrize("event", ["data: {}\n\n", "id: 1\ndata: {\n\n", "id: x\ndata: {}\n\n"])
def test_an_event_that_can_t_be_read_is_unexpected(server: Teller, ticket: Ticket, event: str) -> None:
    server.story = [(200, event)]
    with pytest.raises(UnexpectedAnswer):
        list(ticket.events())


@pytest.mark.parametrize("status", [200, 202])
def test_an_answer_that_is_no_stream_of_events_is_not_asked_for_again(
    server: Teller, ticket: Ticket, status: int
) -> None:
    server.story, server.media_type = [(status, "<p>Please sign in.</p>")], "text/html"
    with pytest.raises(UnexpectedAnswer):
        list(ticket.events())


def test_a_server_that_stays_away_is_a_lost_connection(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PATIENCE", 0.01)
    monkeypatch.setattr(events, "_RECONNECT", 0.02)
    with socket.socket() as bound:
        # Bound but not listening: refuses every connection, and nobody else can take the port.
        bound.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{bound.getsockname()[1]}"
        ticket.job = type(ticket.job)(**{**vars(ticket.job), "document": {"links": {"events": f"{gone}/{ID}/events"}}})
        with pytest.raises(ConnectionLost):
            list(ticket.events())


def test_the_server_s_own_link_is_followed(server: Teller, ticket: Ticket) -> None:
    server.story = [(200, DONE)]
    assert json.loads(server.requests[0][2])["data"] == {"builtin": "iris"}
    assert [event.kind for event in ticket.events()] == ["completed"]
    assert server.requests[-1][1] == f"/jobs/{ID}/events"
