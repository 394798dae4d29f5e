"""Records that earlier releases wrote: this version reads them, tells them, and moves them on."""

import json
from pathlib import Path

import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from submissions import NOTHING

from jobs.job import JobStatus
from jobs.leases import Leases
from jobs.store import Store

#: What each release wrote, by the name of its file; ``tests/data/make_old_records.py`` adds one.
WRITTEN = {path.name: json.loads(path.read_text()) for path in Path(__file__).parents[1].glob("data/records-*.json")}

#: Every record of every release.
RECORDS = [pytest.param(record, id=f"{name} {state}") for name, of in WRITTEN.items() for state, record in of.items()]


def kept(store: Store, record: dict[str, str], **more: str) -> str:
    """Puts the record where that release had it; gives the job's id."""
    fields = {name: value for name, value in record.items() if name != "id"} | more
    store.redis.hset(store.keys.record(record["id"]), mapping=fields)
    if record["status"] == JobStatus.QUEUED:
        store.redis.zadd(store.keys.lane(int(record["step"])), {record["id"]: float(record["created"])})
    if record["status"] == JobStatus.RUNNING:
        store.redis.zadd(store.keys.leases, {record["id"]: float(record["updated"]) + 10**10})
    return record["id"]


def test_there_are_records_of_the_first_release() -> None:
    assert set(WRITTEN["records-0.1.0.json"]) == {"queued", "running", "succeeded", "failed"}


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_read_as_it_was_meant(store: Store, record: dict[str, str]) -> None:
    job = store.find(kept(store, record))
    assert (job.status, job.analysis, job.created) == (record["status"], record["analysis"], int(record["created"]))
    assert (job.stage, job.message, job.webhook) == tuple(
        record.get(name, "") for name in ("stage", "message", "webhook")
    )
    assert [each.name for each in job.attached] == (["plot"] if "attached" in record else [])
    assert (job.failure is None) == ("cause" not in record)


@pytest.mark.parametrize("record", RECORDS)
def test_its_document_is_told(app: Flask, client: FlaskClient, record: dict[str, str]) -> None:
    answer = client.get(f"/jobs/{kept(desk_of(app).store, record)}")
    assert (answer.status_code, answer.json["status"]) == (200, record["status"])


@pytest.mark.parametrize("record", RECORDS)
def test_a_field_of_a_later_release_is_passed_over(store: Store, record: dict[str, str]) -> None:
    job_id = kept(store, record)
    before = store.find(job_id)
    assert store.find(kept(store, record, flavour="vanilla")) == before


@pytest.mark.parametrize("record", [param for param in RECORDS if " queued" in str(param.id)])
def test_a_queued_job_is_run(store: Store, record: dict[str, str]) -> None:
    worker = Leases(store, worker="worker-1")
    job_id = kept(store, record)
    assert worker.succeed(worker.claim(job_id), b"{}", metrics=NOTHING) is JobStatus.SUCCEEDED
    assert store.find_with_result(job_id)[1] == b"{}"


@pytest.mark.parametrize("record", [param for param in RECORDS if " running" in str(param.id)])
def test_a_running_job_is_given_back_and_run_again(store: Store, record: dict[str, str]) -> None:
    worker = Leases(store, worker="worker-1")
    job_id = kept(store, record)
    assert worker.release(job_id, why="worker_lost") is JobStatus.QUEUED
    assert worker.claim(job_id).job.attempt == 2
