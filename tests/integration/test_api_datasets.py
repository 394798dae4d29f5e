"""Data sets over HTTP: uploaded in every way, described, used by jobs, kept apart by caller, deleted."""

import gzip
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from key_bearers import bearer
from test_datasets import files, swept_until
from waiting import eventually
from walking import slug
from werkzeug.test import TestResponse

from app.factory import create_app
from jobs.api_keys import Scope
from jobs.job import Cause, JobStatus
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from tasks import load_catalog
from worker.internal.catalog import internal_catalog
from worker.internal.handle import internal_handles
from worker.interrupt import Interrupt
from worker.run import Runner

CSV = b"city,price\nRome,1.5\nOslo,2\n"


def parquet() -> bytes:
    file = BytesIO()
    pq.write_table(pa.table({"a": [1, 2]}), file)
    return file.getvalue()


def upload(client: FlaskClient, body: bytes = CSV, content_type: str = "text/csv", **options: object) -> TestResponse:
    return client.post("/datasets", data=body, content_type=content_type, **options)


def uploaded(client: FlaskClient, body: bytes = CSV, content_type: str = "text/csv", **options: object) -> str:
    """The id of a data set that was taken in."""
    answer = upload(client, body, content_type, **options)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.json["id"])


def describe(app: Flask, dataset_id: str) -> None:
    """Runs the internal job for the data set, as a process of an internal worker does."""
    internal = desk_of(app).webhooks.internal
    eventually(lambda: internal.find_each([dataset_id]) != [None])
    Runner(
        settings=internal.settings,
        catalog=internal_catalog(),
        leases=Leases(internal, worker="internal-1/1"),
        interrupt=Interrupt(),
        handle_of=internal_handles(desk_of(app).store),
    ).run(dataset_id)


def submit(client: FlaskClient, dataset_id: str, **body: object) -> TestResponse:
    return client.post("/analysis/describe/run", json={"data": {"dataset": dataset_id}, **body})


def run(app: Flask, job_id: str) -> None:
    store = desk_of(app).store
    leases = Leases(store, worker="worker-1/1")
    Runner(settings=store.settings, catalog=load_catalog(["tasks"]), leases=leases, interrupt=Interrupt()).run(job_id)


def test_an_upload_is_answered_with_what_is_known_at_once(client: FlaskClient) -> None:
    answer = upload(client, query_string={"name": "prices", "expires_in": 100})
    document = answer.json
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"http://localhost/datasets/{document['id']}"
    assert (document["name"], document["format"], document["size"]) == ("prices", "csv", len(CSV))
    assert document["sha256"] == hashlib.sha256(CSV).hexdigest()
    assert (document["state"], document["rows"], document["columns"]) == ("pending", None, None)
    assert client.get(answer.headers["Location"]).json == document


SENT = {
    "Parquet": (parquet(), "application/vnd.apache.parquet", "parquet"),
    "JSON lines": (b'{"a": 1}\n', "application/x-ndjson", "jsonl"),
    "octets": (parquet(), "application/octet-stream", "parquet"),
}


@pytest.mark.parametrize(("body", "content_type", "kind"), SENT.values(), ids=SENT.keys())
def test_a_raw_body_may_have_any_format(client: FlaskClient, body: bytes, content_type: str, kind: str) -> None:
    assert upload(client, body, content_type).json["format"] == kind


def test_a_form_has_the_file_and_its_options(client: FlaskClient) -> None:
    form = {"data": (BytesIO(CSV), "dir/prices.csv"), "expires_in": "100"}
    document = client.post("/datasets", data=form).json
    assert (document["name"], document["size"]) == ("prices.csv", len(CSV))
    named = client.post("/datasets", data={"name": "p", "data": (BytesIO(CSV), "prices.csv", "text/csv")}).json
    assert named["name"] == "p"


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_a_compressed_upload_is_kept_plain(app: Flask, client: FlaskClient, coding: str, pack: object) -> None:
    dataset_id = uploaded(client, pack(CSV), headers={"Content-Encoding": coding})  # type: ignore[operator]
    assert client.get(f"/datasets/{dataset_id}/content").data == CSV


def test_a_data_set_is_described(app: Flask, client: FlaskClient) -> None:
    dataset_id = uploaded(client)
    describe(app, dataset_id)
    document = client.get(f"/datasets/{dataset_id}").json
    assert (document["state"], document["rows"], document["error"]) == ("ready", 2, None)
    assert document["columns"] == [
        {"name": "city", "kind": "text", "missing": 0, "distinct": 2},
        {"name": "price", "kind": "numeric", "missing": 0, "distinct": 2},
    ]
    assert document["preview"] == [{"city": "Rome", "price": 1.5}, {"city": "Oslo", "price": 2.0}]
    assert document["read_as"] == {"encoding": "utf-8", "delimiter": ",", "decimal": "."}


def test_a_broken_file_makes_the_data_set_invalid_with_the_place(app: Flask, client: FlaskClient) -> None:
    dataset_id = uploaded(client, b"a,b\n1,2\n3\n")
    describe(app, dataset_id)
    document = client.get(f"/datasets/{dataset_id}").json
    assert document["state"] == "invalid"
    assert document["error"]["line"] == 3
    assert "Line 3 has 1 cell" in document["error"]["message"]
    refusal = submit(client, dataset_id)
    assert (refusal.status_code, slug(refusal)) == (422, "no-such-dataset")
    assert "Line 3 has 1 cell" in refusal.json["detail"]


def test_who_waits_is_told_what_the_data_set_holds(app: Flask, client: FlaskClient) -> None:
    with ThreadPoolExecutor(1) as pool:
        uploading = pool.submit(upload, client, headers={"Prefer": "wait=20"})
        internal = desk_of(app).webhooks.internal
        (job_id,) = eventually(lambda: internal.redis.zrange(internal.keys.jobs, 0, -1))
        describe(app, job_id.decode())
        answer = uploading.result()
    assert (answer.status_code, answer.json["state"], answer.json["rows"]) == (201, "ready", 2)
    assert answer.headers["Preference-Applied"] == "wait=20"


REFUSED = {
    "empty": (b"", "text/csv", 422, "unreadable-file"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "application/octet-stream", 422, "unreadable-file"),
    "misdeclared": (CSV, "application/vnd.apache.parquet", 422, "unreadable-file"),
    "binary": (b"a,b\n1,\x00\n", "text/csv", 422, "unreadable-file"),
    "JSON": (b"{}", "application/json", 415, "unsupported-media-type"),
    "a form without a file": (b"--x\r\n\r\n--x--\r\n", "multipart/form-data; boundary=x", 400, "malformed-body"),
    "a form without a boundary": (b"", "multipart/form-data", 400, "malformed-body"),
}


@pytest.mark.parametrize(("body", "content_type", "status", "kind"), REFUSED.values(), ids=REFUSED.keys())
def test_nothing_is_left_of_a_refused_upload(
    app: Flask, client: FlaskClient, body: bytes, content_type: str, status: int, kind: str
) -> None:
    answer = upload(client, body, content_type)
    assert (answer.status_code, slug(answer)) == (status, kind)
    assert files(desk_of(app).store) == []
    assert client.get("/datasets").json == {"datasets": []}


def test_the_place_of_what_is_wrong_is_told(client: FlaskClient) -> None:
    answer = upload(client, b"a,b\n1,\x00\n")
    assert (answer.json["line"], answer.json["column"]) == (2, 3)


OPTIONS = {
    "an unknown one": ({"colour": "red"}, "colour"),
    "a lifetime that is none": ({"expires_in": "0"}, "expires_in"),
    "a long name": ({"name": "x" * 201}, "name"),
}


@pytest.mark.parametrize(("options", "wrong"), OPTIONS.values(), ids=OPTIONS.keys())
def test_an_option_that_is_not_valid_is_refused(
    app: Flask, client: FlaskClient, options: dict[str, str], wrong: str
) -> None:
    query = upload(client, query_string=options)
    assert (query.status_code, query.json["errors"][0]["parameter"]) == (400, wrong)
    form = client.post("/datasets", data={**options, "data": (BytesIO(CSV), "x.csv")})
    assert (form.status_code, form.json["errors"][0]["path"]) == (422, f"/{wrong}")
    assert files(desk_of(app).store) == []


@pytest.mark.parametrize("coded", [False, True])
def test_an_upload_has_a_limit_of_its_own(api_settings: Settings, coded: bool) -> None:
    app = create_app(replace(api_settings, max_body=1024, max_dataset=4096))
    client = app.test_client()
    large = b"a\n" + b"1\n" * 1500
    assert uploaded(client, large)
    too_large = gzip.compress(large * 2) if coded else large * 2
    answer = upload(client, too_large, headers={"Content-Encoding": "gzip"} if coded else {})
    assert (answer.status_code, slug(answer)) == (413, "body-too-large")
    assert "4096 bytes" in answer.json["detail"]


def test_a_job_runs_on_a_data_set_that_is_not_described_yet(app: Flask, client: FlaskClient) -> None:
    dataset_id = uploaded(client, parquet(), "application/octet-stream")
    job = submit(client, dataset_id)
    assert (job.status_code, job.json["dataset"]) == (202, dataset_id)
    run(app, job.json["id"])
    assert client.get(f"/resource/{job.json['id']}/result").json["rows"] == 2


def test_a_job_on_a_broken_data_set_is_rejected_with_the_place(app: Flask, client: FlaskClient) -> None:
    job_id = submit(client, uploaded(client, b"a,b\n1,2\n3\n")).json["id"]
    run(app, job_id)
    job = desk_of(app).store.find(job_id)
    assert (job.status, job.failure.cause) == (JobStatus.FAILED, Cause.REJECTED)  # type: ignore[union-attr]
    assert "Line 3 has 1 cell" in client.get(f"/resource/{job_id}/result").json["detail"]


def test_a_retry_reads_the_data_set_again(app: Flask, client: FlaskClient) -> None:
    first = submit(client, uploaded(client)).json["id"]
    run(app, first)
    again = client.post(f"/jobs/{first}/retry").json
    run(app, again["id"])
    assert client.get(f"/resource/{again['id']}/result").status_code == 200


def test_the_items_of_a_batch_may_share_a_data_set(app: Flask, client: FlaskClient) -> None:
    item = {"data": {"dataset": uploaded(client)}}
    batch = client.post("/analysis/describe/batch", json={"items": [item] * 3})
    assert batch.status_code == 202
    for job in batch.json["jobs"]:
        run(app, job["id"])
        assert client.get(f"/resource/{job['id']}/result").json["rows"] == 2


def test_a_batch_on_a_data_set_that_is_not_there_is_refused_whole(client: FlaskClient) -> None:
    items = [{"data": {"builtin": "iris"}}, {"data": {"dataset": "01890a5d-ac96-774b-bcce-b302099a8057"}}]
    refusal = client.post("/analysis/describe/batch", json={"items": items})
    assert (refusal.status_code, slug(refusal)) == (422, "no-such-dataset")
    assert client.get("/jobs").json == {"jobs": []}


def test_how_a_file_was_read_is_told_to_who_sent_it(app: Flask, client: FlaskClient) -> None:
    form = {"data": (BytesIO("stadt\nKöln\nBonn\n".encode("cp1252")), "x.csv")}
    job_id = client.post("/analysis/describe/run", data=form).json["id"]
    run(app, job_id)
    assert "Windows-1252" in client.get(f"/jobs/{job_id}/logs").json["logs"][0]["message"]


def test_a_parquet_file_may_come_with_a_job(app: Flask, client: FlaskClient) -> None:
    job_id = client.post("/analysis/describe/run", data={"data": (BytesIO(parquet()), "x.parquet")}).json["id"]
    run(app, job_id)
    assert client.get(f"/resource/{job_id}/result").json["rows"] == 2


def test_the_list_goes_page_by_page(client: FlaskClient) -> None:
    made = [uploaded(client, b"a\n%d\n" % number) for number in range(3)]
    first = client.get("/datasets?limit=2")
    assert [each["id"] for each in first.json["datasets"]] == [made[2], made[1]]
    following = first.headers["Link"].partition("<")[2].partition(">")[0]
    last = client.get(following)
    assert [each["id"] for each in last.json["datasets"]] == [made[0]]
    assert "Link" not in last.headers


def test_a_cursor_that_is_none_is_refused(client: FlaskClient) -> None:
    assert slug(client.get("/datasets?cursor=x")) == "invalid-query"


def test_the_file_comes_back_as_it_was(client: FlaskClient) -> None:
    dataset_id = uploaded(client, query_string={"name": "my prices.csv"})
    whole = client.get(f"/datasets/{dataset_id}/content", headers={"Accept-Encoding": "identity"})
    assert (whole.data, whole.mimetype) == (CSV, "text/csv")
    assert whole.headers["Content-Disposition"] == "attachment; filename*=UTF-8''my%20prices.csv"
    part = client.get(f"/datasets/{dataset_id}/content", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.data) == (206, CSV[5:10])
    known = client.get(f"/datasets/{dataset_id}/content", headers={"If-None-Match": whole.headers["ETag"]})
    assert known.status_code == 304
    beyond = client.get(f"/datasets/{dataset_id}/content", headers={"Range": "bytes=500-"})
    assert (beyond.status_code, slug(beyond)) == (416, "range-not-satisfiable")


def test_a_deleted_data_set_is_gone(app: Flask, client: FlaskClient) -> None:
    dataset_id = uploaded(client)
    assert client.delete(f"/datasets/{dataset_id}").status_code == 204
    for path in (f"/datasets/{dataset_id}", f"/datasets/{dataset_id}/content"):
        assert slug(client.get(path)) == "dataset-not-found"
    assert slug(client.delete(f"/datasets/{dataset_id}")) == "dataset-not-found"
    assert slug(submit(client, dataset_id)) == "no-such-dataset"
    swept_until(desk_of(app).store, lambda: not files(desk_of(app).store))


@pytest.fixture
def closed(api_settings: Settings) -> Iterator[Flask]:
    """An API that asks for keys."""
    made = create_app(replace(api_settings, open=False))
    yield made
    desk_of(made).store.redis.close()


def test_a_data_set_of_somebody_else_is_as_if_it_were_not_there(closed: Flask) -> None:
    alice, bob = bearer(closed, "alice"), bearer(closed, "bob")
    dataset_id = alice.ask("POST", "/datasets", data=CSV, content_type="text/csv").json["id"]
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        answer = bob.ask(method, f"/datasets/{dataset_id}{path}")
        assert (answer.status_code, slug(answer)) == (404, "dataset-not-found")
    assert bob.get("/datasets").json == {"datasets": []}
    used = bob.ask("POST", "/analysis/describe/run", json={"data": {"dataset": dataset_id}})
    assert (used.status_code, slug(used)) == (422, "no-such-dataset")
    assert alice.get(f"/datasets/{dataset_id}").status_code == 200


def test_an_administrator_sees_all_data_sets(closed: Flask) -> None:
    dataset_id = bearer(closed, "alice").ask("POST", "/datasets", data=CSV, content_type="text/csv").json["id"]
    admin = bearer(closed, "root", Scope.ADMIN)
    assert [each["id"] for each in admin.get("/datasets").json["datasets"]] == [dataset_id]
    assert admin.ask("DELETE", f"/datasets/{dataset_id}").status_code == 204


def test_a_key_for_reading_uploads_nothing(closed: Flask) -> None:
    reader = bearer(closed, "alice", Scope.READ)
    answer = reader.ask("POST", "/datasets", data=CSV, content_type="text/csv")
    assert (answer.status_code, slug(answer)) == (403, "forbidden")


def test_a_full_disk_is_told_and_leaves_nothing(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    original = Path.open

    def open_full(path: Path, mode: str = "r", **options: object) -> object:
        return original(full if path.suffix == ".part" else path, mode, **options)  # type: ignore[arg-type, call-overload]

    monkeypatch.setattr(Path, "open", open_full)
    answer = upload(client, b"a\n" + b"1\n" * 50_000)
    assert (answer.status_code, slug(answer)) == (507, "storage-full")
    store: Store = desk_of(app).store
    assert store.redis.exists(store.keys.datasets) == 0
