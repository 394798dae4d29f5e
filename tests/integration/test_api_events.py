"""What happens to a job: the stream of its events, and what it logged."""

import sys
import threading
from collections.abc import Iterator

import httpx_sse
import orjson
import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from httpx_sse._decoders import SSEDecoder
from key_bearers import Bearer, ring_of
from submissions import NOTHING
from waiting import eventually
from walking import NOBODY, canceled, hand_in, slug, started, succeeded
from werkzeug.test import TestResponse

from app.following.followers import MOST_WAITING, End, Follower
from jobs.claims import Progress
from jobs.events import Event
from jobs.leases import Leases


def decoded(text: str) -> list[httpx_sse.ServerSentEvent]:
    """The events as a client from PyPI reads them."""
    decoder = SSEDecoder()
    return [event for line in text.split("\n") if (event := decoder.decode(line)) is not None and event.data]


def follow(client: FlaskClient, job_id: str, last: str = "") -> TestResponse:
    return client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": last} if last else {})


def told(answer: TestResponse) -> list[tuple[int, str]]:
    return [(int(event.id), event.event) for event in decoded(answer.get_data(as_text=True))]


@pytest.fixture
def talkative(client: FlaskClient, leases: Leases) -> str:
    """The id of a job that said something and succeeded."""
    claim = started(client, leases)
    leases.note(claim, progress=Progress(share=50, stage="half", scores={"accuracy": 0.5}))
    leases.note(claim, message='so "far"\nso good')
    leases.succeed(claim, b"{}", metrics=NOTHING)
    return claim.job.id


def test_a_job_tells_its_whole_life(client: FlaskClient, talkative: str) -> None:
    answer = follow(client, talkative)
    events = decoded(answer.get_data(as_text=True))
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert [event.event for event in events] == ["status", "status", "progress", "log", "completed"]
    data = [orjson.loads(event.data) for event in events]
    assert [each["status"] for each in data if "status" in each] == ["queued", "running", "succeeded"]
    assert data[2] == {"progress": 50, "stage": "half", "scores": {"accuracy": 0.5}}
    assert data[3]["message"] == 'so "far"\nso good'
    assert client.get(data[4]["result"]).status_code == 200


def test_ids_grow_by_one(client: FlaskClient, talkative: str) -> None:
    assert [number for number, _ in told(follow(client, talkative))] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("last", [1, 2, 3, 4])
def test_who_comes_back_is_told_what_was_missed(client: FlaskClient, talkative: str, last: int) -> None:
    assert [number for number, _ in told(follow(client, talkative, str(last)))] == list(range(last + 1, 6))


def test_who_was_told_everything_need_not_ask_again(client: FlaskClient, talkative: str) -> None:
    answer = follow(client, talkative, "5")
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize("last", ["6", "999999999999999"])
def test_who_names_an_event_that_never_was_is_told_everything(client: FlaskClient, talkative: str, last: str) -> None:
    """It is of another job, or of a Redis that has lost what was last written to it."""
    assert [number for number, _ in told(follow(client, talkative, last))] == [1, 2, 3, 4, 5]


def test_who_names_an_event_that_never_was_is_told_the_end_of_a_running_job(
    app: Flask, client: FlaskClient, leases: Leases
) -> None:
    claim = started(client, leases)
    stream = follow(client, claim.job.id, "999")
    chunks: Iterator[bytes] = iter(stream.response)
    text = next(chunks)
    eventually(lambda: desk_of(app).followers._channels)
    leases.succeed(claim, b"{}", metrics=NOTHING)
    text += b"".join(chunks)
    events = [(int(event.id), event.event) for event in decoded(text.decode())]
    assert events == [(1, "status"), (2, "status"), (3, "completed")]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "1-0", "9" * 16])
def test_an_id_that_is_none_is_refused(client: FlaskClient, talkative: str, last: str) -> None:
    assert slug(follow(client, talkative, last)) == "malformed-event-id"


def test_an_unknown_job_has_no_events(client: FlaskClient) -> None:
    assert slug(follow(client, NOBODY)) == "no-such-job"
    assert slug(client.get(f"/jobs/{NOBODY}/logs")) == "no-such-job"


def test_a_canceled_job_is_completed(client: FlaskClient) -> None:
    assert told(follow(client, canceled(client))) == [(1, "status"), (2, "completed")]


def test_events_come_while_they_happen(app: Flask, client: FlaskClient, leases: Leases) -> None:
    job_id = hand_in(client)
    stream = follow(client, job_id)
    chunks: Iterator[bytes] = iter(stream.response)
    text = b""

    def read_until(kind: str, number: int) -> None:
        nonlocal text
        while [event.event for event in decoded(text.decode())].count(kind) < number:
            text += next(chunks)

    read_until("status", 1)
    claim = leases.claim(job_id)
    read_until("status", 2)
    leases.note(claim, progress=Progress(share=10, stage="begun"))
    read_until("progress", 1)
    leases.succeed(claim, b"{}", metrics=NOTHING)
    read_until("completed", 1)
    assert list(chunks) == []
    stream.close()
    assert desk_of(app).followers._channels == {}


def test_many_follow_over_one_connection(app: Flask, client: FlaskClient, leases: Leases) -> None:
    job_ids = [hand_in(client) for _ in range(20)]
    seen: dict[str, list[tuple[int, str]]] = {}

    def follow_to_the_end(job_id: str) -> None:
        seen[job_id] = told(follow(app.test_client(), job_id))

    store = desk_of(app).store
    threads = [threading.Thread(target=follow_to_the_end, args=(job_id,)) for job_id in job_ids]
    for thread in threads:
        thread.start()
    eventually(lambda: len(store.redis.pubsub_channels(store.keys.events("*"))) == len(job_ids))
    listening = [each for each in store.redis.client_list() if int(each["sub"]) >= len(job_ids)]
    for job_id in job_ids:
        leases.succeed(leases.claim(job_id), b"{}", metrics=NOTHING)
    for thread in threads:
        thread.join(timeout=15)
    assert len(listening) == 1
    assert all(seen[job_id] == [(1, "status"), (2, "status"), (3, "completed")] for job_id in job_ids)


def test_a_stream_survives_a_broken_subscription(app: Flask, client: FlaskClient, leases: Leases) -> None:
    job_id = hand_in(client)
    stream = follow(client, job_id)
    chunks: Iterator[bytes] = iter(stream.response)
    text = next(chunks) + next(chunks)
    store = desk_of(app).store
    store.redis.client_kill_filter(_type="pubsub")
    leases.succeed(leases.claim(job_id), b"{}", metrics=NOTHING)
    text += b"".join(chunks)
    assert [event.event for event in decoded(text.decode())] == ["status", "status", "completed"]


def test_a_client_that_reads_too_slowly_is_dropped() -> None:
    follower = Follower()
    for number in range(MOST_WAITING + 1):
        follower.tell(Event(number=number, kind="progress", data=b"{}"))
    assert follower.end is End.SLOW
    assert len(follower.take()[0]) == MOST_WAITING


def test_no_event_is_lost_between_threads() -> None:
    """Whoever takes does so at any moment, also in the midst of another thread's telling."""
    follower, numbers = Follower(), range(40 * MOST_WAITING)
    taken: list[int] = []
    done = threading.Event()

    def tell_all() -> None:
        for number in numbers:
            # Never too fast for the one who takes, who is tried for something else here.
            eventually(lambda: len(follower._events) < MOST_WAITING - 1)
            follower.tell(Event(number=number, kind="log", data=b"{}"))
        done.set()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread = threading.Thread(target=tell_all)
        thread.start()
        while not done.is_set():
            taken += [event.number for event in follower.take()[0]]
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    taken += [event.number for event in follower.take()[0]]
    assert taken == list(numbers)


def test_old_events_are_dropped_and_the_rest_is_told(app: Flask, client: FlaskClient, leases: Leases) -> None:
    claim = started(client, leases)
    for number in range(300):
        leases.note(claim, message=f"line {number}")
    leases.succeed(claim, b"{}", metrics=NOTHING)
    events = told(follow(client, claim.job.id))
    assert events[-1] == (303, "completed")
    assert [number for number, _ in events] == list(range(303 - 255, 304))
    assert len(client.get(f"/jobs/{claim.job.id}/logs").json["logs"]) == 300


def test_lines_are_kept_in_order_and_only_the_last_thousand(client: FlaskClient, leases: Leases) -> None:
    claim = started(client, leases)
    for number in range(1005):
        leases.note(claim, message=f"line {number}")
    logs = client.get(f"/jobs/{claim.job.id}/logs").json["logs"]
    assert [line["message"] for line in logs] == [f"line {number}" for number in range(5, 1005)]
    assert all(line["at"].endswith("Z") for line in logs)


def test_a_job_that_said_nothing_has_no_lines(client: FlaskClient, leases: Leases) -> None:
    assert client.get(f"/jobs/{succeeded(client, leases)}/logs").json == {"logs": []}


def test_head_of_a_stream_does_not_wait(app: Flask, client: FlaskClient) -> None:
    answer = client.head(f"/jobs/{hand_in(client)}/events")
    answer.close()
    assert (answer.status_code, answer.data) == (200, b"")
    assert desk_of(app).followers._channels == {}


def test_a_busy_stream_ends_when_its_key_is_revoked(guarded_app: Flask, alice: Bearer) -> None:
    leases = Leases(desk_of(guarded_app).store, worker="worker-1")
    claim = leases.claim(alice.hand_in())
    stream = alice.get(f"/jobs/{claim.job.id}/events")
    chunks: Iterator[bytes] = iter(stream.response)
    while b"status" not in next(chunks):
        pass
    ring_of(guarded_app).revoke(alice.id)

    def next_chunk() -> bytes:
        leases.note(claim, message="still busy")
        return next(chunks, b"")

    eventually(lambda: next_chunk() == b"", saying="The stream did not end")
    stream.close()
    assert desk_of(guarded_app).followers._channels == {}


def test_a_stream_without_a_byte_says_that_it_is_still_there(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else wakes it: a subscription that is made anew tells of a gap, behind which may be nothing."""
    monkeypatch.setattr("app.following.events.HEARTBEAT", 0.2)
    monkeypatch.setattr("app.following.events.CHECK", 0.05)
    stream = follow(client, hand_in(client))
    chunks: Iterator[bytes] = iter(stream.response)
    while b"status" not in next(chunks):
        pass
    done = threading.Event()
    thread = threading.Thread(target=_wake, args=(app, done))
    thread.start()
    said = next(chunks)
    done.set()
    thread.join()
    stream.close()
    assert said == b": still there\n"


def _wake(app: Flask, done: threading.Event) -> None:
    while not done.wait(0.005):
        for channel in list(desk_of(app).followers._channels.values()):
            for follower in list(channel.followers):
                follower.tell_of_gap()
