"""Lists of jobs: order, filters, pages; and the purge of one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from waiting import eventually
from walking import NOBODY, canceled, hand_in, outcome, poll, slug, started, succeeded
from werkzeug.test import TestResponse

from jobs import listing
from jobs.job import Job
from jobs.leases import Leases
from jobs.store import Store
from jobs.sweep import sweep


def ids(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [job["id"] for job in answer.json["jobs"]]


def pages(client: FlaskClient, path: str) -> Iterator[list[str]]:
    """The ids of each page, following the links."""
    following: str | None = path
    while following:
        answer = client.get(following)
        yield ids(answer)
        link = answer.headers.get("Link", "")
        following = link.partition(">")[0].removeprefix("<") if 'rel="next"' in link else None


def test_the_newest_comes_first(client: FlaskClient) -> None:
    handed_in = [hand_in(client) for _ in range(5)]
    assert ids(client.get("/jobs")) == handed_in[::-1]


def test_a_listed_job_is_told_like_a_single_one(client: FlaskClient, leases: Leases) -> None:
    jobs = [hand_in(client), started(client, leases).job.id, succeeded(client, leases), canceled(client)]
    listed = {job["id"]: job for job in client.get("/jobs").json["jobs"]}
    for job_id in jobs:
        single = client.get(f"/jobs/{job_id}").json
        assert {**listed[job_id], "eta": None} == {**single, "eta": None}


def test_pages_hold_every_job_once(client: FlaskClient) -> None:
    handed_in = [hand_in(client) for _ in range(23)]
    found = list(pages(client, "/jobs?limit=5"))
    assert [len(page) for page in found] == [5, 5, 5, 5, 3]
    assert [job_id for page in found for job_id in page] == handed_in[::-1]


def test_jobs_of_one_millisecond_are_all_listed(client: FlaskClient) -> None:
    batch = client.post("/analysis/double/batch", json={"items": [{"params": {"number": 1}}] * 450})
    found = [job_id for page in pages(client, "/jobs?limit=7") for job_id in page]
    assert len(found) == len(set(found)) == 450
    assert set(found) == {job["id"] for job in batch.json["jobs"]}


@pytest.mark.parametrize("limit", [7, 200])
def test_jobs_that_are_purged_between_two_reads_make_no_page_skip_others(
    app: Flask, client: FlaskClient, leases: Leases, limit: int
) -> None:
    batch = client.post("/analysis/double/batch", json={"items": [{"params": {"number": 1}}] * 450})
    store = desk_of(app).store
    # A batch is of one millisecond.
    listed = sorted((job["id"] for job in batch.json["jobs"]), reverse=True)
    following = pages(client, f"/jobs?limit={limit}")
    first = next(following)
    assert first == listed[:limit]
    for job_id in [*first, *listed[limit : limit + 100 : 2]]:
        purge(store, job_id)
    rest = [job_id for page in following for job_id in page]
    assert rest == [*listed[limit + 1 : limit + 100 : 2], *listed[limit + 100 :]]


def test_jobs_that_are_purged_while_a_page_is_read_make_it_skip_no_others(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = client.post("/analysis/double/batch", json={"items": [{"params": {"number": 1}}] * 450})
    store = desk_of(app).store
    listed = sorted((job["id"] for job in batch.json["jobs"]), reverse=True)
    read = store.redis.zrange

    def read_and_purge(*given: object, **options: object) -> object:
        found = read(*given, **options)
        monkeypatch.undo()
        for job_id in listed[:150]:
            purge(store, job_id)
        return found

    monkeypatch.setattr(store.redis, "zrange", read_and_purge)
    after = listing.Place(store.find(listed[249]).created, listed[249])
    page = listing.list_jobs(store, listing.Wanted(caller="anonymous", after=after, limit=200))
    assert [job.id for job in page.jobs] == listed[250:]


def test_a_cursor_does_not_lead_past_until(client: FlaskClient) -> None:
    old = hand_in(client)
    until = client.get(f"/jobs/{old}").json["created"]
    eventually(lambda: client.get(f"/jobs/{hand_in(client)}").json["created"] > until)
    newest = hand_in(client)
    created = datetime.fromisoformat(client.get(f"/jobs/{newest}").json["created"])
    cursor = f"{round(created.timestamp() * 1000)}.{newest}"
    assert ids(client.get(f"/jobs?until={quote(until)}&cursor={cursor}")) == [old]
    # One of the last millisecond of what is wanted is heeded.
    begin = round(datetime.fromisoformat(until).timestamp() * 1000)
    assert ids(client.get(f"/jobs?until={quote(until)}&cursor={begin}.{old}")) == []


def purge(store: Store, job_id: str) -> None:
    store.cancel(job_id)
    store.purge(store.find(job_id))


def test_new_jobs_do_not_shift_the_next_page(client: FlaskClient) -> None:
    old = [hand_in(client) for _ in range(6)]
    following = pages(client, "/jobs?limit=3")
    first = next(following)
    hand_in(client)
    assert first + next(following) == old[::-1]


def test_a_full_last_page_is_followed_by_none(client: FlaskClient) -> None:
    for _ in range(4):
        hand_in(client)
    assert [len(page) for page in pages(client, "/jobs?limit=4") if page] == [4]


def test_filters_keep_what_fits(client: FlaskClient, leases: Leases) -> None:
    queued, running = hand_in(client), started(client, leases).job.id
    done, stopped = succeeded(client, leases), canceled(client)
    nap = hand_in(client, "nap", params={"seconds": 0})
    assert ids(client.get("/jobs?status=queued")) == [nap, queued]
    assert ids(client.get("/jobs?status=succeeded,canceled")) == [stopped, done]
    assert ids(client.get("/jobs?analysis=nap")) == [nap]
    assert ids(client.get("/jobs?analysis=double&status=running")) == [running]
    assert ids(client.get("/jobs?status=failed")) == []


def test_since_and_until_bound_the_time(client: FlaskClient) -> None:
    handed_in = [hand_in(client) for _ in range(3)]
    created = client.get(f"/jobs/{handed_in[1]}").json["created"]
    assert set(ids(client.get(f"/jobs?since={created}"))) >= {handed_in[1], handed_in[2]}
    assert set(ids(client.get(f"/jobs?until={created}"))) >= {handed_in[0], handed_in[1]}
    past = quote((datetime.now(UTC) - timedelta(hours=1)).isoformat())
    assert ids(client.get(f"/jobs?until={past}")) == []
    assert len(ids(client.get(f"/jobs?since={past}"))) == 3


def test_a_rare_job_is_found_behind_many_others(
    client: FlaskClient, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_LOOKED_AT", 10)
    rare = succeeded(client, leases)
    for _ in range(25):
        hand_in(client)
    found = list(pages(client, "/jobs?status=succeeded"))
    assert found == [[], [], [rare]]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1&limit=2",
        "status=done",
        "status=",
        "since=yesterday",
        "until=99999-01-01",
        "cursor=x",
        "cursor=",
        "cursor=%F0%9F%92%A9",
        "batch=x",
        "analysis=",
        "foo=1",
        "%00=1",
    ],
)
def test_a_query_that_is_not_valid_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/jobs?{query}")
    assert (answer.status_code, slug(answer)) == (400, "invalid-query")
    assert answer.json["errors"][0]["message"]


def test_a_purged_job_is_as_if_it_had_never_been(app: Flask, client: FlaskClient, leases: Leases) -> None:
    job_id = succeeded(client, leases)
    answer = client.delete(f"/resource/{job_id}")
    assert (answer.status_code, answer.data) == (204, b"")
    after = [client.get(f"/jobs/{job_id}"), poll(client, job_id), outcome(client, job_id)]
    assert [slug(each) for each in after] == ["no-such-job"] * 3
    assert ids(client.get("/jobs")) == []
    store = desk_of(app).store
    left = [key for key in store.redis.keys(f"{store.keys.namespace}*") if b":" in key and b":times:" not in key]
    assert left == [store.keys.counts.encode()]


def test_a_purge_that_comes_second_finds_the_job_gone(
    app: Flask, client: FlaskClient, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = desk_of(app).store
    purge = store.purge

    def purge_twice(job: Job) -> None:
        purge(job)
        purge(job)

    monkeypatch.setattr(store, "purge", purge_twice)
    assert client.delete(f"/resource/{succeeded(client, leases)}").status_code == 204


def test_the_files_of_a_purged_job_go_with_the_next_sweep(app: Flask, client: FlaskClient, leases: Leases) -> None:
    store = desk_of(app).store
    job_id = succeeded(client, leases, b'"' + b"x" * 2**20 + b'"')
    blob = store.find(job_id).result_blob
    assert store.blobs.read(blob)
    client.delete(f"/resource/{job_id}")
    sweep(store)
    assert not store.redis.exists(store.keys.blobs)
    assert store.blobs._files.find(store.blobs._root) == []


def test_a_job_that_has_not_ended_is_not_purged(client: FlaskClient, leases: Leases) -> None:
    unfinished = [hand_in(client), started(client, leases).job.id]
    answers = [client.delete(f"/resource/{job_id}") for job_id in unfinished]
    assert [(answer.status_code, slug(answer)) for answer in answers] == [(409, "job-not-ended")] * 2
    assert len(ids(client.get("/jobs"))) == 2


def test_an_unknown_job_is_not_purged(client: FlaskClient) -> None:
    assert slug(client.delete(f"/resource/{NOBODY}")) == "no-such-job"


def test_expired_jobs_leave_the_list(app: Flask, client: FlaskClient) -> None:
    store = desk_of(app).store
    job_id = canceled(client)
    tombstone = f"{job_id} anonymous"
    assert store.redis.zscore(store.keys.finished, tombstone)
    store.redis.delete(store.keys.record(job_id))
    store.redis.zadd(store.keys.finished, {tombstone: 0})
    sweep(store)
    assert not store.redis.exists(store.keys.jobs, store.keys.jobs_of("anonymous"), store.keys.finished)
