"""Who hands in a job and waits is told of its end by itself: the same as others are told, without asking for it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson
import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from submissions import NOTHING, a_submission
from waiting import eventually
from werkzeug.test import TestResponse

from app.following.endings import Ending
from app.read_ahead import MOST
from jobs.claims import Draft
from jobs.job import Cause, Failure
from jobs.leases import Leases
from jobs.record import ended_job, job_of
from jobs.store import Store
from jobs.sweep import sweep

#: What sends a request to the views, which are told of no end by themselves.
PAST = {"Sec-Fetch-Site": "none"}

#: Letters that JSON writes in another way than they are, or that are long in UTF-8.
LETTERS = 'a "quoted" \\ back/slash, ünïcödé, 日本語, 🧪, tab\t, \u2028, \x7f'


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
    with desk_of(app).followers.ending("nobody's"):
        pass
    eventually(lambda: desk_of(app).followers._endings.is_heard)
    return app


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
    answer = app.test_client().post(
        "/analysis/double/run",
        json={"params": {"number": 1}, "label": LETTERS},
        headers={"Prefer": "wait=20", **headers},
    )
    thread.join()
    return answer


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
    fields = [b"analysis", b"double", b"analysis_version", b"1", b"status", b"failed", b"caller", LETTERS.encode()]
    fields += [b"priority", b"normal", b"seed", b"0", b"timeout", b"1.5", b"step", b"3", b"attempt", b"1"]
    fields += [b"max_attempts", b"3", b"fence", b"1", b"created", b"1", b"updated", b"2", b"events", b"3"]
    fields += [b"cause", b"rejected", b"error", LETTERS.encode()]
    written = orjson.dumps(["x", [each.decode() for each in fields]])
    assert ended_job(written) == (replace(job_of("x", fields), queue_position=None), None)
