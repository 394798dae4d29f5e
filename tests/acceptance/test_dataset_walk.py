"""A data set from its upload to the result of a job on it, with real processes and files in a folder or a bucket."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from buckets import a_bucket
from processes import Api, Role, Worker
from waiting import eventually

from jobs.settings import Settings

CSV = b"city;price\nRome;1,5\nOslo;2,25\n"


@dataclass(frozen=True)
class Service:
    """A running service."""

    url: str
    #: The names of its files that are data sets.
    files: Callable[[], list[str]]


@pytest.fixture
def patient(settings: Settings) -> Settings:
    return replace(settings, analyses=("tasks",), lease=15, heartbeat=0.2)


@contextmanager
def roles(settings: Settings, folder: Path) -> Iterator[str]:
    """An API, a worker and an internal worker; gives the API's URL."""
    internal = Role(settings, ("worker", "--internal"), folder / "internal.log")
    with Api(settings, folder) as api, Worker(settings, folder, concurrency=1), internal:
        yield api.url


@pytest.fixture
def in_folder(patient: Settings, tmp_path: Path) -> Iterator[Service]:
    kept = Path(patient.data_dir, "blobs", "datasets")
    with roles(patient, tmp_path) as url:
        yield Service(url, files=lambda: [path.name for path in kept.glob("*")])


@pytest.fixture
def in_bucket(patient: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with a_bucket() as bucket:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        with roles(replace(patient, blob_url=bucket.url, inline_limit=0), tmp_path) as url:
            yield Service(url, files=lambda: [name for name in bucket.files() if "datasets/" in name])


@pytest.mark.parametrize("place", ["in_folder", "in_bucket"])
def test_a_data_set_is_uploaded_described_used_and_deleted(request: pytest.FixtureRequest, place: str) -> None:
    service: Service = request.getfixturevalue(place)
    headers = {"Content-Type": "text/csv", "Prefer": "wait=30"}
    made = httpx.post(f"{service.url}/datasets?name=prices", content=CSV, headers=headers, timeout=60)
    assert (made.status_code, made.json()["state"], made.json()["rows"]) == (201, "ready", 2)
    assert [column["kind"] for column in made.json()["columns"]] == ["text", "numeric"]
    assert len(service.files()) == 1
    job = {"data": {"dataset": made.json()["id"]}}
    wait = {"Prefer": "wait=30"}
    run = f"{service.url}/analysis/describe/run"
    result = httpx.post(run, json=job, headers=wait, timeout=60, follow_redirects=True)
    assert (result.status_code, result.json()["rows"]) == (200, 2)
    assert httpx.delete(made.headers["Location"], timeout=10).status_code == 204
    eventually(lambda: not service.files(), within=60, saying="The file of the deleted data set was left")
