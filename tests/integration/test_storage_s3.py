"""Files in an S3 bucket: inputs, results and data sets, also from the real API process, deleted by the sweep."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import pytest
import requests
from buckets import Bucket, a_bucket
from running_api import Running, running_api
from submissions import NOTHING, a_submission
from test_datasets import taken_in
from waiting import eventually

from jobs.blobs import BLOCK, Blobs
from jobs.datasets import Datasets
from jobs.errors import BlobMissing, StorageError
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep
from stack.redis_server import EmbeddedRedis


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    with a_bucket() as bucket:
        yield bucket


@pytest.fixture
def bucket(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket that this process can reach."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield server
    for name in server.files():
        requests.delete(f"{server.endpoint}/{server.name}/{name}", timeout=10)


@pytest.fixture
def s3_store(settings: Settings, bucket: Bucket) -> Iterator[Store]:
    opened = Store(replace(settings, blob_url=bucket.url, inline_limit=0))
    yield opened
    opened.redis.close()


def test_a_file_is_written_read_and_deleted(bucket: Bucket) -> None:
    blobs = Blobs(bucket.url)
    blobs.write("a/b", b"content")
    assert bucket.files() == ["blobs/a/b"]
    assert blobs.read("a/b") == b"content"
    with blobs.reading("a/b") as found:
        assert (found.size, found.file.read(3)) == (7, b"con")
    with blobs.local("a/b") as path:
        assert path.read_bytes() == b"content"
    assert not path.exists()
    blobs.delete("a/b")
    blobs.delete("a/b")
    assert bucket.files() == []


def test_what_is_not_there_is_told_so(bucket: Bucket) -> None:
    blobs = Blobs(bucket.url)
    with pytest.raises(BlobMissing):
        blobs.read("none")
    with pytest.raises(BlobMissing), blobs.local("none"):
        pass


def test_a_large_file_goes_in_parts_and_comes_back_whole(bucket: Bucket) -> None:
    blobs, piece = Blobs(bucket.url), os.urandom(2**20)
    with blobs.writing("large") as writer:
        for _ in range(BLOCK // len(piece) * 2 + 1):
            writer.write(piece)
    assert blobs.read("large") == piece * (BLOCK // len(piece) * 2 + 1)


@pytest.mark.parametrize("size", [10, 2 * BLOCK + 10])
def test_nothing_is_left_of_a_file_whose_writing_failed(bucket: Bucket, size: int) -> None:
    def cut_off() -> None:
        with Blobs(bucket.url).writing("half") as writer:
            writer.write(bytes(size))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cut_off()
    assert (bucket.files(), bucket.uploads()) == ([], [])


def test_a_server_that_is_away_is_told_as_a_storage_error(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StorageError):
        Blobs("s3://elsewhere/blobs").write("a", b"x")


def test_inputs_and_results_lie_in_the_bucket_until_they_expire(s3_store: Store, bucket: Bucket) -> None:
    worker = Leases(s3_store, worker="worker-1")
    job = s3_store.submit(a_submission(payload=b"x" * 1000))
    claim = worker.claim(job.id)
    assert worker.input_of(claim).endswith(b"x" * 1000)
    worker.succeed(claim, b'{"done": true}', metrics=NOTHING)
    done, result = s3_store.find_with_result(job.id)
    assert result == b'{"done": true}'
    assert bucket.files() == [f"blobs/{done.data_blob}", f"blobs/{done.result_blob}"]
    s3_store.purge(done)
    sweep(s3_store)
    assert bucket.files() == []


def test_a_data_set_is_shared_and_deleted_there_too(s3_store: Store, bucket: Bucket) -> None:
    first, second = taken_in(s3_store), taken_in(s3_store, caller="bob")
    sweep(s3_store)
    assert bucket.files() == [f"blobs/{first.content.blob}"]
    for made in (first, second):
        Datasets(s3_store).delete(made)
    sweep(s3_store)
    assert bucket.files() == []


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(bucket: Bucket) -> None:
    blobs = Blobs(bucket.url)
    blobs.write("a", b"content")
    child = os.fork()
    if child == 0:
        os._exit(0 if blobs.read("a") == b"content" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert blobs.read("a") == b"content"


@pytest.fixture(scope="module")
def api(server: Bucket, redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The real API with its files in the bucket."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        folder = tmp_path_factory.mktemp("s3-api")
        place = {"BLOB_URL": server.url, "API_PROCESSES": "1", "ANALYSES": "tasks", "INLINE_LIMIT": "0"}
        with running_api(redis_server.url, folder, **place) as running:
            yield running


@pytest.mark.usefixtures("bucket")
def test_the_api_streams_data_sets_to_the_bucket_and_back(api: Running) -> None:
    content = b"a,b\n" + os.urandom(3 * BLOCK // 2).hex().encode() + b",1\n"
    answer = requests.post(f"{api.url}/datasets", data=content, headers={"Content-Type": "text/csv"}, timeout=60)
    assert answer.status_code == 201, answer.text
    place = answer.json()["links"]["content"]
    assert requests.get(place, timeout=60).content == content
    part = requests.get(place, headers={"Range": f"bytes={BLOCK - 5}-{BLOCK + 4}"}, timeout=60)
    assert (part.status_code, part.content) == (206, content[BLOCK - 5 : BLOCK + 5])


@pytest.mark.usefixtures("bucket")
def test_many_requests_at_once_reach_the_bucket(api: Running) -> None:
    def submitted(number: int) -> int:
        form = {"data": ("x.csv", BytesIO(b"a\n%d\n" % number), "text/csv")}
        return requests.post(f"{api.url}/analysis/describe/run", files=form, timeout=60).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(submitted, range(40))) == [202] * 40


def test_nothing_is_left_in_the_bucket_of_an_upload_that_was_cut_off(api: Running, bucket: Bucket) -> None:
    with api.connect() as connection:
        head = b"POST /datasets HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 99999999\r\n\r\n"
        connection.sendall(head + b"a,b\n" + b"1,2\n" * (BLOCK // 2))
        eventually(bucket.uploads, within=60, saying="No part was uploaded")
    eventually(lambda: not bucket.uploads() and not bucket.files(), within=60, saying="Something was left")
