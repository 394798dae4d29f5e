"""Figures and files of a result: attached by a run, picked up over HTTP, drawn on request, gone with the result."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import orjson
import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from submissions import NOTHING
from waiting import eventually
from walking import canceled, hand_in, slug
from werkzeug.test import TestResponse

from app.factory import create_app
from jobs.job import Cause, Failure, JobStatus
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep
from tasks import AnalysisError, load_catalog
from worker.internal import drawing
from worker.internal.catalog import internal_catalog
from worker.internal.drawing import _drawn
from worker.internal.handle import internal_handles
from worker.interrupt import Interrupt
from worker.run import Runner


def run(store: Store, job_id: str) -> None:
    """Runs the job in this process, as a worker's process does."""
    leases = Leases(store, worker="worker-1/1")
    catalog = load_catalog(["samples"])
    Runner(settings=store.settings, catalog=catalog, leases=leases, interrupt=Interrupt()).run(job_id)


def draw(app: Flask) -> None:
    """Runs the internal job that is asked for next, as a process of an internal worker does."""
    internal = desk_of(app).webhooks.internal
    (job_id,) = eventually(lambda: internal.redis.zrange(internal.keys.jobs, 0, -1))
    Runner(
        settings=internal.settings,
        catalog=internal_catalog(),
        leases=Leases(internal, worker="internal-1/1"),
        interrupt=Interrupt(),
        handle_of=internal_handles(desk_of(app).store),
    ).run(job_id.decode())


@pytest.fixture
def attached(app: Flask, client: FlaskClient) -> str:
    """The id of a job with a figure and a file."""
    job_id = hand_in(client, "attach", params={})
    run(desk_of(app).store, job_id)
    return job_id


def get(client: FlaskClient, job_id: str, path: str, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(f"/resource/{job_id}/{path}", headers=named)


def test_the_document_lists_what_is_attached(client: FlaskClient, attached: str) -> None:
    document = client.get(f"/jobs/{attached}").json
    (figure,), (file,) = document["figures"], document["files"]
    assert (figure["name"], figure["title"]) == ("line-0", "A line")
    assert (file["name"], file["media_type"], file["size"]) == ("table.csv", "text/csv", 10)
    assert client.get(figure["links"]["self"]).json["mark"] == "line"
    assert client.get(file["links"]["self"]).data == b"x" * 10


def test_a_figure_is_vega_lite_by_default(client: FlaskClient, attached: str) -> None:
    answer = get(client, attached, "figures/line-0")
    assert answer.mimetype == "application/vnd.vegalite.v6+json"
    assert get(client, attached, "figures/line-0", Accept="application/json").mimetype == "application/json"
    assert get(client, attached, "figures/line-0.json").json == orjson.loads(answer.data)
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("path", "accept", "mimetype", "begin"),
    [
        ("figures/line-0.svg", "*/*", "image/svg+xml", b"<svg"),
        ("figures/line-0", "image/svg+xml", "image/svg+xml", b"<svg"),
        ("figures/line-0", "image/png, image/svg+xml;q=0.5", "image/png", b"\x89PNG"),
    ],
)
def test_a_picture_is_drawn_when_it_is_asked_for(
    app: Flask, client: FlaskClient, attached: str, path: str, accept: str, mimetype: str, begin: bytes
) -> None:
    answers: list[TestResponse] = []
    asking = threading.Thread(target=lambda: answers.append(get(app.test_client(), attached, path, Accept=accept)))
    asking.start()
    draw(app)
    asking.join()
    assert (answers[0].status_code, answers[0].mimetype) == (200, mimetype)
    assert answers[0].data.startswith(begin)
    # The second time nobody has to draw.
    again = get(client, attached, path, Accept=accept)
    assert again.data == answers[0].data
    assert get(client, attached, path, Accept=accept, If_None_Match=again.headers["ETag"]).status_code == 304


def test_formats_have_entity_tags_of_their_own(app: Flask, client: FlaskClient, attached: str) -> None:
    store = desk_of(app).store
    (figure,) = [each for each in store.find(attached).attached if each.kind == "figure"]
    store.write_blob(f"{figure.blob}.svg", b"<svg/>")
    tags = {get(client, attached, path).headers["ETag"] for path in ("figures/line-0", "figures/line-0.svg")}
    assert len(tags) == 2


@pytest.mark.parametrize(
    "specification",
    [
        {"data": {"url": "file:///etc/passwd"}, "mark": "bar"},
        {"data": {"values": [{"u": "file:///etc/passwd"}]}, "mark": "image", "encoding": {"url": {"field": "u"}}},
        {"layer": [{"data": {"url": "http://127.0.0.1/"}, "mark": "bar"}]},
    ],
)
def test_a_figure_that_loads_something_is_not_drawn(specification: dict[str, object]) -> None:
    with pytest.raises(AnalysisError, match="loads"):
        _drawn(orjson.dumps(specification), "svg")


def test_what_is_no_figure_is_not_drawn() -> None:
    with pytest.raises(AnalysisError, match="can't be drawn"):
        _drawn(b'{"mark": 5}', "png")


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=0-3", 206, 4),
        ("bytes=6-", 206, 4),
        ("bytes=-2", 206, 2),
        ("bytes=0-99", 206, 10),
        ("bytes=10-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=5-2", 200, 10),
        ("bytes=0-1,4-5", 200, 10),
        ("bytes=", 200, 10),
        ("bytes=x-", 200, 10),
        ("bytes=²-", 200, 10),
        ("bytes=0-" + "9" * 5000, 200, 10),
        ("lines=0-1", 200, 10),
    ],
)
def test_a_part_of_a_file_can_be_asked_for(
    client: FlaskClient, attached: str, asked: str, status: int, content: int | None
) -> None:
    answer = get(client, attached, "files/table.csv", Range=asked)
    assert answer.status_code == status
    if content is not None:
        assert answer.data == b"x" * content
    else:
        assert slug(answer) == "range-not-satisfiable"
        assert answer.headers["Content-Range"] == "bytes */10"


def test_a_file_is_saved_and_never_shown(client: FlaskClient, attached: str) -> None:
    answer = get(client, attached, "files/table.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="table.csv"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert get(client, attached, "files/table.csv", If_None_Match=answer.headers["ETag"]).status_code == 304


@pytest.mark.parametrize(
    "path", ["figures/roc", "figures/line-0.pdf", "files/line-0", "files/%00", "figures/table.csv"]
)
def test_what_is_not_attached_is_not_found(client: FlaskClient, attached: str, path: str) -> None:
    assert slug(get(client, attached, path)) == "no-such-attachment"


def test_a_job_without_result_has_no_attachments_either(client: FlaskClient) -> None:
    assert slug(get(client, hand_in(client, "attach", params={}), "figures/line-0")) == "result-not-ready"
    assert slug(get(client, canceled(client), "files/table.csv")) == "job-canceled"


def test_attachments_go_with_the_result(app: Flask, client: FlaskClient, attached: str) -> None:
    store = desk_of(app).store
    due = dict(store.redis.zrange(store.keys.blobs, 0, -1, withscores=True))
    job = store.find(attached)
    assert {blob.decode(): int(moment) for blob, moment in due.items()} == {
        each.blob: job.expires for each in job.attached
    }
    store.redis.zadd(store.keys.blobs, dict.fromkeys(due, 0))
    store.redis.hset(store.keys.record(attached), "expires", 1)
    sweep(store)
    assert slug(get(client, attached, "figures/line-0")) == "result-expired"


def test_a_purged_job_leaves_no_attachment(app: Flask, client: FlaskClient, attached: str) -> None:
    store = desk_of(app).store
    (figure, _) = store.find(attached).attached
    store.write_blob(f"{figure.blob}.png", b"drawn")
    client.delete(f"/resource/{attached}")
    sweep(store)
    assert store.blobs._files.find(store.blobs._root) == []


@pytest.mark.parametrize(
    ("params", "cause"),
    [
        ({"size": 300_000}, Cause.RESULT_TOO_LARGE),
        ({"figures": 200}, Cause.CRASHED),
        ({"name": "../../etc/passwd"}, Cause.CRASHED),
        ({"name": ".hidden"}, Cause.CRASHED),
    ],
)
def test_what_can_not_be_attached_fails_the_job(
    api_settings: Settings, params: dict[str, object], cause: Cause
) -> None:
    app = create_app(replace(api_settings, max_result=200_000))
    store = desk_of(app).store
    job_id = hand_in(app.test_client(), "attach", params=params)
    run(store, job_id)
    job = store.find(job_id)
    assert (job.status, job.failure and job.failure.cause) == (JobStatus.FAILED, cause)
    assert store.redis.zcard(store.keys.blobs) == 0


def test_a_picture_that_is_drawn_while_its_job_is_purged_goes_too(
    app: Flask, client: FlaskClient, attached: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = desk_of(app).store
    job = store.find(attached)
    desk_of(app).pictures.ask_for(job, job.attached[0], "svg")

    def purged_before(specification: bytes, picture: str) -> bytes:
        client.delete(f"/resource/{attached}")
        sweep(store)
        return b"<svg/>"

    monkeypatch.setattr(drawing, "_drawn", purged_before)
    draw(app)
    assert store.blobs._files.find(store.blobs._root) != []
    sweep(store)
    assert store.blobs._files.find(store.blobs._root) == []


def test_a_figure_that_can_not_be_drawn_is_tried_once(
    app: Flask, client: FlaskClient, attached: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(specification: bytes, picture: str) -> bytes:
        raise AnalysisError("It can't be drawn.")

    monkeypatch.setattr(drawing, "_drawn", refused)
    job = desk_of(app).store.find(attached)
    first = desk_of(app).pictures.ask_for(job, job.attached[0], "svg")
    draw(app)
    answers = [get(client, attached, "figures/line-0.svg") for _ in range(3)]
    assert [slug(answer) for answer in answers] == ["figure-not-drawn"] * 3
    internal = desk_of(app).webhooks.internal
    assert internal.redis.zrange(internal.keys.jobs, 0, -1) == [first.id.encode()]


@pytest.mark.parametrize("cause", [Cause.WORKER_LOST, Cause.CRASHED])
def test_a_figure_that_was_not_drawn_by_mishap_is_tried_again(app: Flask, attached: str, cause: Cause) -> None:
    pictures, internal = desk_of(app).pictures, desk_of(app).webhooks.internal
    job = desk_of(app).store.find(attached)
    first = pictures.ask_for(job, job.attached[0], "svg")
    worker = Leases(internal, worker="internal-1")
    worker.fail(worker.claim(first.id), Failure(cause=cause, message="It fell over."), metrics=NOTHING)
    again = pictures.ask_for(job, job.attached[0], "svg")
    assert again.id != first.id
    assert pictures.ask_for(job, job.attached[0], "svg").id == again.id


def test_of_many_who_want_a_picture_at_once_one_has_it_drawn(app: Flask, attached: str) -> None:
    pictures, internal = desk_of(app).pictures, desk_of(app).webhooks.internal
    job = desk_of(app).store.find(attached)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(pictures.ask_for, job, job.attached[0], "svg") for _ in range(16)]
        assert len({each.result().id for each in asked}) == 1
    assert internal.redis.zcard(internal.keys.jobs) == 1


@pytest.mark.parametrize("header", ["If-Match", "If-Unmodified-Since"])
@pytest.mark.parametrize("path", ["files/table.csv", "figures/line-0"])
def test_conditions_for_changes_are_not_heeded(client: FlaskClient, attached: str, path: str, header: str) -> None:
    value = '"other"' if header == "If-Match" else "Mon, 01 Jan 2001 00:00:00 GMT"
    assert client.get(f"/resource/{attached}/{path}", headers={header: value}).status_code == 200


def test_a_part_is_sent_only_of_the_file_that_the_client_knows(client: FlaskClient, attached: str) -> None:
    tag = get(client, attached, "files/table.csv").headers["ETag"]
    statuses = [
        get(client, attached, "files/table.csv", Range="bytes=0-3", If_Range=known).status_code
        for known in (tag, '"other"')
    ]
    assert statuses == [206, 200]
