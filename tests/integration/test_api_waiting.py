"""`Prefer: wait`: a client that waits is answered as soon as its job has ended, and no later than it wants."""

import threading
import time
from collections.abc import Callable

import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from key_bearers import Bearer, ring_of
from submissions import NOTHING
from waiting import eventually
from walking import canceled, hand_in, poll, slug, started, succeeded
from werkzeug.test import TestResponse

from app.following.followers import Followers
from app.preferences import LONGEST_WAIT, wait_wanted
from jobs.errors import StoreUnavailable
from jobs.job import Job
from jobs.leases import Leases
from jobs.store import Store

RUN = {"params": {"number": 1}}


def soon(act: Callable[[], object]) -> threading.Thread:
    """Does it in a thread."""
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def waiting(app: Flask, number: int = 1) -> Callable[[], bool]:
    """Whether so many jobs are waited for."""
    followers: Followers = desk_of(app).followers
    return lambda: sum(channel.confirmed.is_set() for channel in followers._channels.values()) == number


def test_a_waiting_poll_is_sent_to_the_result_when_the_job_ends(
    app: Flask, client: FlaskClient, leases: Leases
) -> None:
    claim = started(client, leases)

    def settle() -> None:
        eventually(waiting(app))
        leases.succeed(claim, b"{}", metrics=NOTHING)

    thread = soon(settle)
    began = time.monotonic()
    answer = client.get(f"/queuedResource/{claim.job.id}/status", headers={"Prefer": "wait=20"})
    thread.join()
    assert time.monotonic() - began < 15
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (303, "wait=20")
    assert answer.headers["Location"].endswith(f"/resource/{claim.job.id}/result")
    assert "Prefer" in answer.headers["Vary"]


def test_a_wait_that_was_too_short_gets_the_ticket(client: FlaskClient) -> None:
    job_id = hand_in(client)
    answer = client.get(f"/queuedResource/{job_id}/status", headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.headers["Location"]) == (202, f"http://localhost/queuedResource/{job_id}/status")
    assert int(answer.headers["Retry-After"]) >= 1


def test_who_submits_and_waits_is_sent_to_the_result(app: Flask, client: FlaskClient, leases: Leases) -> None:
    def work() -> None:
        eventually(waiting(app))
        (job,) = client.get("/jobs").json["jobs"]
        leases.succeed(leases.claim(job["id"]), b"{}", metrics=NOTHING)

    thread = soon(work)
    answer = app.test_client().post("/analysis/double/run", json=RUN, headers={"Prefer": "respond-async, wait=20"})
    thread.join()
    assert (answer.status_code, answer.json["status"]) == (303, "succeeded")
    assert answer.headers["Operation-Location"] == f"http://localhost/jobs/{answer.json['id']}"


def test_a_canceled_job_ends_the_wait_too(app: Flask, client: FlaskClient) -> None:
    job_id = hand_in(client)

    def cancel() -> None:
        eventually(waiting(app))
        app.test_client().delete(f"/jobs/{job_id}")

    thread = soon(cancel)
    answer = client.get(f"/queuedResource/{job_id}/status", headers={"Prefer": "wait=20"})
    thread.join()
    assert (answer.status_code, answer.json["status"]) == (303, "canceled")


def test_a_job_that_has_ended_is_not_waited_for(client: FlaskClient, leases: Leases) -> None:
    answers = [
        client.get(f"/queuedResource/{job_id}/status", headers={"Prefer": "wait=30"})
        for job_id in (canceled(client), succeeded(client, leases))
    ]
    assert [answer.status_code for answer in answers] == [303, 303]


def test_a_poll_without_the_preference_does_not_wait(client: FlaskClient) -> None:
    answer = poll(client, hand_in(client))
    assert (answer.status_code, "Preference-Applied" in answer.headers) == (202, False)


def test_nobody_is_followed_any_more_when_all_have_been_answered(app: Flask, client: FlaskClient) -> None:
    client.get(f"/queuedResource/{hand_in(client)}/status", headers={"Prefer": "wait=1"})
    assert desk_of(app).followers._channels == {}


def test_redis_is_asked_again_that_did_not_answer_in_the_wait(
    app: Flask, client: FlaskClient, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = started(client, leases)
    find, asked = Store.find_with_small_result, []

    def away_twice(store: Store, job_id: str, *, most: int) -> tuple[Job, bytes | None]:
        asked.append(job_id)
        # The first is that of the poll, before it waits.
        if len(asked) in (2, 3):
            raise StoreUnavailable(job_id)
        return find(store, job_id, most=most)

    monkeypatch.setattr(Store, "find_with_small_result", away_twice)
    thread = soon(lambda: (eventually(lambda: asked[1:]), leases.succeed(claim, b"{}", metrics=NOTHING)))
    answer = client.get(f"/queuedResource/{claim.job.id}/status", headers={"Prefer": "wait=20"})
    thread.join()
    assert answer.status_code == 303


def test_many_who_wait_for_one_job_read_it_together(
    app: Flask, client: FlaskClient, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    many, statuses = 40, []
    claim = started(client, leases)
    followers: Followers = desk_of(app).followers
    settled = threading.Event()

    def poll_and_wait() -> None:
        path = f"/queuedResource/{claim.job.id}/status"
        statuses.append(app.test_client().get(path, headers={"Prefer": "wait=20"}).status_code)

    def all_listen() -> bool:
        """Whether all wait and have taken what there was to take."""
        all_of_them = [each for channel in list(followers._channels.values()) for each in list(channel.followers)]
        return len(all_of_them) == many and not any(each._news.is_set() for each in all_of_them)

    threads = [soon(poll_and_wait) for _ in range(many)]
    eventually(all_listen)
    find, reads = Store.find_with_small_result, []

    def find_slowly(store: Store, job_id: str, *, most: int) -> tuple[Job, bytes | None]:
        if settled.is_set():
            reads.append(job_id)
            # Until all others have heard of the end, and so want to read, too.
            eventually(lambda: len(reads) > 1 or all_listen())
        return find(store, job_id, most=most)

    monkeypatch.setattr(Store, "find_with_small_result", find_slowly)
    settled.set()
    leases.succeed(claim, b"{}", metrics=NOTHING)
    for thread in threads:
        thread.join(timeout=20)
    assert statuses == [303] * many
    assert len(reads) <= many // 4


def submit_and_wait(client: FlaskClient, headers: dict[str, str] | None = None) -> TestResponse:
    return client.post("/analysis/double/run", json=RUN, headers={"Prefer": "wait=20", **(headers or {})})


def end_the_job(app: Flask) -> None:
    """Ends the one job there is, as a worker does."""
    store = desk_of(app).store
    leases = Leases(store, worker="worker-1")
    (job_id,) = (entry.decode() for entry in store.redis.zrange(store.keys.jobs, 0, -1))
    leases.succeed(leases.claim(job_id), b"{}", metrics=NOTHING)


def is_ticket(answer: TestResponse) -> bool:
    """Whether it is 202 with where to ask again, and of an accepted job also where its document is."""
    where = f"http://localhost/queuedResource/{answer.json['id']}/status"
    document = f"http://localhost/jobs/{answer.json['id']}"
    found = answer.status_code, answer.headers["Location"], answer.headers["Operation-Location"]
    return found == (202, where, document)


def test_who_submits_gets_the_ticket_though_redis_fails_in_the_wait(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job was accepted: without its ticket nobody would find it."""

    def away(_store: Store, job_id: str, *, most: int) -> None:
        raise StoreUnavailable(job_id)

    with monkeypatch.context() as outage:
        outage.setattr(Store, "find_with_small_result", away)
        answer = client.post("/analysis/double/run", json=RUN, headers={"Prefer": "wait=1"})
    assert is_ticket(answer)
    assert desk_of(app).followers._channels == {}
    assert poll(client, answer.json["id"]).status_code == 202


def test_who_submits_gets_the_ticket_though_the_subscription_is_not_confirmed(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    followers: Followers = desk_of(app).followers
    monkeypatch.setattr(followers._subscription, "add", lambda _channel: None)
    monkeypatch.setattr(followers, "_timeout", 0.01)
    answer = submit_and_wait(client, {"Prefer": "wait=1"})
    assert is_ticket(answer)


def test_who_submits_gets_the_ticket_of_a_job_that_was_purged_in_the_wait(app: Flask, client: FlaskClient) -> None:
    followers: Followers = desk_of(app).followers

    def purge() -> None:
        eventually(waiting(app))
        store = desk_of(app).store
        (job_id,) = (entry.decode() for entry in store.redis.zrange(store.keys.jobs, 0, -1))
        # Without a word of its end, as if that and the purge came between two looks.
        store.redis.delete(store.keys.record(job_id))
        followers._confirm(store.keys.events(job_id))

    thread = soon(purge)
    answer = submit_and_wait(app.test_client())
    thread.join()
    assert is_ticket(answer)
    assert slug(poll(client, answer.json["id"])) == "no-such-job"


def test_who_submits_gets_the_ticket_but_not_the_outcome_when_the_key_is_revoked(
    guarded_app: Flask, alice: Bearer
) -> None:
    def revoke() -> None:
        eventually(waiting(guarded_app))
        ring_of(guarded_app).revoke(alice.id)
        end_the_job(guarded_app)

    thread = soon(revoke)
    answer = submit_and_wait(alice.client, alice.header)
    thread.join()
    assert is_ticket(answer)
    assert answer.json["status"] == "queued"


def test_a_waiting_poll_with_a_key_that_is_revoked_is_told_nothing(guarded_app: Flask, alice: Bearer) -> None:
    job_id = alice.hand_in()

    def revoke() -> None:
        eventually(waiting(guarded_app))
        ring_of(guarded_app).revoke(alice.id)
        end_the_job(guarded_app)

    thread = soon(revoke)
    answer = alice.client.get(f"/queuedResource/{job_id}/status", headers={"Prefer": "wait=20", **alice.header})
    thread.join()
    assert (answer.status_code, slug(answer)) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("preferences", "seconds"),
    [
        (["wait=10"], 10),
        (["respond-async, wait=10"], 10),
        (["respond-async", "wait=10"], 10),
        (["Wait = 10 ; note"], 10),
        (['wait="10"'], 10),
        (['foo="a, wait=3", wait=10'], 10),
        ([r'foo="a\", wait=3", wait=10'], 10),
        (['foo="a; wait=3"; bar="b, c", wait=10'], 10),
        (["foo=1;wait=3, wait=10"], 10),
        (['"wait=10"'], 0),
        (['wait="10'], 0),
        (['wait=1"0"'], 0),
        (["wait=1 0"], 0),
        (["wait=\u00b2"], 0),
        (['foo="a, wait=10'], 0),
        (["wait=10, wait=20"], 10),
        (["wait=100000"], LONGEST_WAIT),
        (["wait=0"], 0),
        (["wait"], 0),
        (["wait=soon"], 0),
        (["wait=-1"], 0),
        (["wait=1.5"], 0),
        (["wait=" + "9" * 100], 0),
        (["waiting=10"], 0),
        ([""], 0),
        (['=;,"'], 0),
        ([], 0),
    ],
)
def test_what_a_preference_asks_for(app: Flask, preferences: list[str], seconds: int) -> None:
    from flask import request

    with app.test_request_context(headers=[("Prefer", value) for value in preferences]):
        assert wait_wanted(request) == seconds
