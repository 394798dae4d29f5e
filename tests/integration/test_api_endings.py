"""Who hands in a job and waits is told of its end by itself: the same as others are told, without asking for it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic

import orjson
import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from key_bearers import Bearer, ring_of
from standing_clock import Clock
from submissions import NOTHING, a_submission
from waiting import eventually
from werkzeug.test import TestResponse

from app.factory import create_app
from app.following.endings import Ending, Endings
from app.following.followers import Follower
from app.preferences import SOON
from app.read_ahead import MOST, READ_AHEAD, ReadAhead
from jobs.claims import Draft
from jobs.errors import StoreUnavailable
from jobs.job import Cause, Failure, new_id
from jobs.leases import Leases
from jobs.record import ended_job, job_of
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep

#: What sends a request to the views, which are told of no end by themselves.
PAST = {"Sec-Fetch-Site": "none"}

#: Longest wait for what has come already, seconds.
PATIENCE = 10.0

#: Letters that JSON writes in another way than they are, or that are long in UTF-8.
LETTERS = 'a "quoted" \\ back/slash, ünïcödé, 日本語, 🧪, tab\t, \u2028, \x7f'

#: Fields that every record has, but for when it was made.
A_RECORD = [
    part
    for name, said in {
        "analysis": "double",
        "analysis_version": "1",
        "status": "failed",
        "caller": LETTERS,
        "priority": "normal",
        "seed": "0",
        "timeout": "1.5",
        "step": "3",
        "attempt": "1",
        "max_attempts": "3",
        "fence": "1",
        "updated": "2",
        "events": "3",
    }.items()
    for part in (name, said)
]


def cancel_running(client: FlaskClient, leases: Leases, job_id: str) -> None:
    claim = leases.claim(job_id)
    client.delete(f"/jobs/{job_id}")
    leases.succeed(claim, b'{"doubled":2}', metrics=NOTHING)


#: What becomes of a job, by how it ends.
ENDS: dict[str, Callable[[FlaskClient, Leases, str], object]] = {
    "succeeded": lambda _, leases, job_id: leases.succeed(leases.claim(job_id), b'{"doubled":2}', metrics=NOTHING),
    "failed": lambda _, leases, job_id: leases.fail(
        leases.claim(job_id), Failure(cause=Cause.REJECTED, message=LETTERS), metrics=NOTHING
    ),
    "canceled": lambda client, _, job_id: client.delete(f"/jobs/{job_id}"),
    "canceled while it ran": cancel_running,
}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Whether each wait for an end was told of it."""
    told: list[bool] = []
    wait = Ending.wait

    def noted(ending: Ending, seconds: float) -> object:
        # However busy the machine is.
        found = wait(ending, seconds * 60)
        told.append(found is not None)
        return found

    monkeypatch.setattr(Ending, "wait", noted)
    return told


@pytest.fixture
def listening(app: Flask) -> Flask:
    """An API that listens to the ends of its jobs."""
    listen(app)
    return app


def listen(app: Flask) -> None:
    with desk_of(app).followers.ending("nobody's"):
        pass
    eventually(lambda: desk_of(app).followers._endings.is_heard)


def jobs_of(app: Flask) -> list[str]:
    store = desk_of(app).store
    return [entry.decode() for entry in store.redis.zrange(store.keys.jobs, 0, -1)]


def end_when_it_is_there(app: Flask, end: Callable[[str], object]) -> threading.Thread:
    """Ends the next job that is handed in."""
    before = set(jobs_of(app))

    def work() -> None:
        eventually(lambda: set(jobs_of(app)) - before)
        (job_id,) = set(jobs_of(app)) - before
        end(job_id)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def submit_and_wait(app: Flask, end: Callable[[str], object], **headers: str) -> TestResponse:
    thread = end_when_it_is_there(app, end)
    answer = post(app.test_client(), **headers)
    thread.join()
    return answer


def post(client: FlaskClient, *, ahead: ReadAhead | None = None, **headers: str) -> TestResponse:
    return client.post(
        "/analysis/double/run",
        json={"params": {"number": 1}, "label": LETTERS},
        headers={"Prefer": "wait=20", **headers},
        environ_overrides={READ_AHEAD: ahead} if ahead else {},
    )


def told(answer: TestResponse) -> object:
    """What an answer says, but for what differs from job to job."""
    body = answer.get_json()
    job_id = body.pop("id")
    for name in ("created", "started", "updated", "finished", "expires", "links"):
        body.pop(name, None)
    headers = {name: said.replace(job_id, "<id>") for name, said in answer.headers if name != "X-Request-ID"}
    headers.pop("Content-Length")
    return answer.status_code, headers, body


@pytest.mark.parametrize("how", ENDS)
def test_the_end_is_told_as_it_is_read(
    listening: Flask, client: FlaskClient, leases: Leases, seen: list[bool], how: str
) -> None:
    answer = submit_and_wait(listening, lambda job_id: ENDS[how](client, leases, job_id))
    assert seen == [True]
    assert answer.status_code == 303
    assert told(answer) == told(submit_and_wait(listening, lambda job_id: ENDS[how](client, leases, job_id), **PAST))
    document = client.get(f"/jobs/{answer.json['id']}").get_json()
    assert answer.get_json() == document


def test_a_job_that_expires_in_the_queue_is_told_of_too(
    listening: Flask, client: FlaskClient, seen: list[bool]
) -> None:
    store = desk_of(listening).store

    def expire(job_id: str) -> None:
        store.redis.zadd(store.keys.waits, {job_id: 0})
        sweep(store)

    answer = submit_and_wait(listening, expire)
    assert (seen, answer.status_code, answer.json["error"]["cause"]) == ([True], 303, "expired")


def test_redis_is_asked_for_nothing_but_the_submission(
    listening: Flask, leases: Leases, seen: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    followers = desk_of(listening).followers
    added: list[str] = []
    monkeypatch.setattr(followers._subscription, "add", added.append)
    monkeypatch.setattr(Store, "find_with_small_result", lambda *_, **__: pytest.fail("It was read."))
    answer = submit_and_wait(listening, lambda job_id: ENDS["succeeded"](None, leases, job_id))
    assert (answer.status_code, seen, added) == (303, [True], [])
    assert followers._endings._expected == {}


@pytest.mark.parametrize(("size", "is_told"), [(2, True), (MOST, True), (MOST + 1, False)])
def test_a_result_is_told_with_the_end_if_it_is_small(store: Store, size: int, is_told: bool) -> None:
    result = b"%-*d" % (size, 5)
    leases = Leases(store, worker="worker-1")
    with store.redis.pubsub() as channel:
        channel.subscribe("ends")
        job = store.submit(replace(a_submission(), ending="ends"))
        leases.succeed(leases.claim(job.id), result, metrics=NOTHING)
        found: list[bytes] = []
        eventually(lambda: found.extend(filter(None, [_heard(channel.get_message())])) or found)
    read, content = store.find_with_result(job.id)
    assert content == result
    assert ended_job(found[0]) == (read, result if is_told else None)


def _heard(message: dict[str, object] | None) -> bytes | None:
    return message["data"] if message is not None and message["type"] == "message" else None


def test_what_is_attached_is_told_too(listening: Flask, leases: Leases, seen: list[bool]) -> None:
    draft = Draft(kind="file", name="table", title=LETTERS, media_type="text/csv", content=b"a\n1\n")

    def attach(job_id: str) -> None:
        leases.succeed(leases.claim(job_id), b"{}", metrics=NOTHING, attached=[draft])

    answer = submit_and_wait(listening, attach)
    assert (answer.status_code, seen) == (303, [True])
    assert listening.test_client().get(f"/jobs/{answer.json['id']}").get_json() == answer.get_json()


def test_an_end_that_is_not_heard_of_is_found_by_following_the_job(
    listening: Flask, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    followers = desk_of(listening).followers
    monkeypatch.setattr(followers._endings, "hear", lambda _: None)
    answer = submit_and_wait(listening, lambda job_id: ENDS["succeeded"](None, leases, job_id))
    assert (answer.status_code, answer.json["status"]) == (303, "succeeded")


def test_a_long_job_is_followed(listening: Flask, leases: Leases) -> None:
    followers = desk_of(listening).followers

    def end_once_it_is_followed(job_id: str) -> None:
        eventually(lambda: [each for each in followers._channels.values() if each.confirmed.is_set()])
        ENDS["succeeded"](None, leases, job_id)

    answer = submit_and_wait(listening, end_once_it_is_followed)
    assert (answer.status_code, answer.json["status"]) == (303, "succeeded")


def test_nothing_is_to_be_told_where_nobody_listens_or_waits(listening: Flask, client: FlaskClient) -> None:
    store = desk_of(listening).store
    job_id = client.post("/analysis/double/run", json={"params": {"number": 1}}).json["id"]
    desk_of(listening).followers._confirm(None)
    answer = client.post("/analysis/double/run", json={"params": {"number": 1}}, headers={"Prefer": "wait=1"})
    assert answer.status_code == 202
    assert [store.redis.hexists(store.keys.record(each), "ending") for each in (job_id, answer.json["id"])] == [0, 0]


def test_where_an_end_is_told_is_nobodys_business(listening: Flask, client: FlaskClient, leases: Leases) -> None:
    answer = submit_and_wait(listening, lambda job_id: ENDS["succeeded"](None, leases, job_id))
    store = desk_of(listening).store
    channel = store.redis.hget(store.keys.record(answer.json["id"]), "ending").decode()
    assert channel.startswith(f"{store.settings.namespace}:endings:")
    assert channel not in answer.get_data(as_text=True)
    assert channel not in client.get(f"/jobs/{answer.json['id']}").get_data(as_text=True)


def test_a_job_that_is_run_again_is_told_to_nobody(listening: Flask, client: FlaskClient, leases: Leases) -> None:
    first = submit_and_wait(listening, lambda job_id: ENDS["failed"](client, leases, job_id))
    again = client.post(f"/jobs/{first.json['id']}/retry").json["id"]
    store = desk_of(listening).store
    assert not store.redis.hexists(store.keys.record(again), "ending")


def test_a_record_is_read_alike_from_redis_and_from_what_is_told() -> None:
    fields = [*A_RECORD, "created", "1", "cause", "rejected", "error", LETTERS]
    assert ended_job(orjson.dumps(["x", fields])) == (job_of("x", [each.encode() for each in fields]), None)


def test_the_result_that_was_told_is_at_hand_for_the_next_request(
    listening: Flask, leases: Leases, seen: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.read_ahead.FRESH", 60)
    ahead = ReadAhead()
    thread = end_when_it_is_there(listening, lambda job_id: ENDS["succeeded"](None, leases, job_id))
    answer = post(listening.test_client(), ahead=ahead)
    thread.join()
    ahead.turn()
    known = ahead.result_of(answer.json["id"])
    assert seen == [True]
    assert known is not None
    assert (known.job.status, known.result) == ("succeeded", b'{"doubled":2}')


def test_what_was_told_is_as_old_as_the_end_of_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the word was on its way, or lay there until it was read."""
    clock = Clock(50.0)
    monkeypatch.setattr("app.following.endings.monotonic", clock)
    endings = Endings("ends")
    endings.is_heard = True
    job_id = new_id()
    with endings.expected(job_id) as ending:
        clock.now = 70.0
        endings.hear(orjson.dumps([job_id, [*A_RECORD, "created", "1000", "finished", "1250"], "{}"]))
        clock.now = 90.0
        told = ending.wait(0)
    assert told is not None
    assert told.asked == 50.25


def test_a_key_that_is_revoked_in_the_wait_gets_the_ticket_and_not_the_outcome(
    guarded_app: Flask, alice: Bearer, seen: list[bool]
) -> None:
    listen(guarded_app)
    leases = Leases(desk_of(guarded_app).store, worker="worker-1")

    def revoke_and_end(job_id: str) -> None:
        ring_of(guarded_app).revoke(alice.id)
        ENDS["succeeded"](None, leases, job_id)

    answer = submit_and_wait(guarded_app, revoke_and_end, **alice.header)
    assert seen == [True]
    assert (answer.status_code, answer.json["status"]) == (202, "queued")


def test_each_process_listens_to_a_channel_of_its_own(listening: Flask, api_settings: Settings) -> None:
    other = create_app(api_settings)
    listen(other)
    channels = {desk_of(each).followers._endings.channel for each in (listening, other)}
    desk_of(other).followers.close()
    desk_of(other).store.redis.close()
    assert len(channels) == 2


def test_the_confirmation_of_the_channel_may_come_at_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    followers = desk_of(app).followers

    def confirm_at_once(channel: str) -> None:
        # By who listens, as ever; meanwhile nothing else is done.
        threading.Thread(target=followers._confirm, args=[channel]).start()
        eventually(lambda: followers._endings is not None and followers._endings.is_heard)

    monkeypatch.setattr(followers._subscription, "add", confirm_at_once)
    with followers.ending("nobody's") as ending:
        assert ending.channel


@pytest.mark.parametrize("way", [{}, PAST], ids=["lane", "view"])
@pytest.mark.parametrize("is_heard", [True, False])
def test_a_wait_is_kept_up_though_redis_stands_still_in_it(
    listening: Flask, leases: Leases, monkeypatch: pytest.MonkeyPatch, way: dict[str, str], is_heard: bool
) -> None:
    followers = desk_of(listening).followers
    followers._endings.is_heard = is_heard
    follow, tried = followers.follow, []

    def confirmed_at_last(job_id: str, **within: float) -> Follower:
        tried.append(job_id)
        if len(tried) < 3:
            raise StoreUnavailable(job_id)
        return follow(job_id, **within)

    monkeypatch.setattr(followers, "follow", confirmed_at_last)

    def end_later(job_id: str) -> None:
        eventually(lambda: len(tried) > 1)
        ENDS["succeeded"](None, leases, job_id)

    answer = submit_and_wait(listening, end_later, **way)
    assert (answer.status_code, answer.json["status"]) == (303, "succeeded")


@pytest.mark.parametrize("way", [{}, PAST], ids=["lane", "view"])
def test_it_ends_in_time_though_redis_does_not_come_back(
    listening: Flask, monkeypatch: pytest.MonkeyPatch, way: dict[str, str]
) -> None:
    given: list[float] = []

    def unconfirmed(job_id: str, *, within: float) -> Follower:
        given.append(within)
        raise StoreUnavailable(job_id)

    monkeypatch.setattr(desk_of(listening).followers, "follow", unconfirmed)
    answer = post(listening.test_client(), **{"Prefer": "wait=2", **way})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=2")
    # As long as is left of the wait, and no longer.
    assert given == sorted(given, reverse=True)
    assert 2 >= given[0] > given[-1] >= 0


def test_a_poll_that_waits_is_answered_though_its_job_could_not_be_followed_in_time(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = client.post("/analysis/double/run", json={"params": {"number": 1}}).json["id"]
    monkeypatch.setattr(desk_of(app).followers._subscription, "add", lambda _: None)
    monkeypatch.setattr(desk_of(app).followers, "_timeout", 60)
    answer = client.get(f"/queuedResource/{job_id}/status", headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json["status"]) == (202, "queued")


def test_a_stop_ends_the_wait(listening: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    followers = desk_of(listening).followers
    monkeypatch.setattr("app.preferences.SOON", 60)
    monkeypatch.setattr("app.following.followers.stopping", lambda: True)
    began = monotonic()
    answer = submit_and_wait(listening, lambda _: followers._stop())
    assert (answer.status_code, answer.json["status"]) == (202, "queued")
    assert monotonic() - began < 15


def test_workers_that_tell_nothing_are_not_waited_for_each_time(
    listening: Flask, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    endings = desk_of(listening).followers._endings
    waits: list[float] = []
    wait = Ending.wait
    monkeypatch.setattr(Ending, "wait", lambda ending, seconds: (waits.append(seconds), wait(ending, seconds))[1])
    hear, endings.hear = endings.hear, lambda _: None
    submit_and_wait(listening, lambda job_id: ENDS["succeeded"](None, leases, job_id))
    # The next one follows its job at once; what is told again is heard again.
    endings.hear = hear
    submit_and_wait(listening, lambda job_id: ENDS["succeeded"](None, leases, job_id))
    eventually(lambda: endings.is_told)
    assert waits == [SOON, 0.0]


A_WORD = [*A_RECORD, "created", "1"]


@pytest.mark.parametrize(
    "word",
    [
        [],
        [[]],
        [5],
        [[5, 6]],
        [["status"]],
        [["status", "odd"]],
        [A_WORD, None],
        [A_WORD, 5],
        [[*A_WORD, "finished", "9" * 400]],
        [[*A_WORD, "finished", "x"]],
    ],
)
def test_a_word_that_cannot_be_read_is_as_if_it_had_not_come(word: list[object]) -> None:
    endings = Endings("ends")
    endings.is_heard = True
    job_id = new_id()
    with endings.expected(job_id) as ending:
        endings.hear(orjson.dumps([job_id, *word]))
        assert ending.wait(PATIENCE) is None


@pytest.mark.parametrize("word", [b"", b"x", b"[]", b'["', b"\xff" * 60])
def test_a_word_about_nobody_is_about_nobody(word: bytes) -> None:
    endings = Endings("ends")
    endings.is_heard = True
    with endings.expected(new_id()) as ending:
        endings.hear(word)
        assert ending.wait(0) is None


def test_a_clock_of_redis_that_is_set_makes_nothing_newer_than_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(50.0)
    monkeypatch.setattr("app.following.endings.monotonic", clock)
    endings = Endings("ends")
    endings.is_heard = True
    job_id = new_id()
    with endings.expected(job_id) as ending:
        clock.now = 70.0
        endings.hear(orjson.dumps([job_id, [*A_WORD, "finished", "3600001"], "{}"]))
        told = ending.wait(PATIENCE)
    assert told is not None
    assert told.asked == 70.0
