"""Uploads to the real server: streamed, many at once, cut off in the middle."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from running_api import Running, running_api
from waiting import eventually

from stack.redis_server import EmbeddedRedis

#: A mebibyte of rows.
ROWS = (b"1234.5678,abcdefgh,2024-01-01,some text here\n" * 2**15)[: 2**20 - 1] + b"\n"

#: Bytes that a process may grow by, however large the upload is.
MOST_GROWN = 50 * 2**20

BOUNDARY = b"a-boundary"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def api(redis_server: EmbeddedRedis, tmp_path: Path) -> Iterator[Running]:
    with running_api(redis_server.url, tmp_path, API_PROCESSES="1", ANALYSES="samples") as running:
        yield running


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def rows(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield ROWS


def as_form(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="data"; filename="x.csv"\r\n\r\n'
    yield from pieces
    yield b"\r\n--" + BOUNDARY + b"--\r\n"


@pytest.mark.parametrize("form", [False, True], ids=["raw", "form"])
def test_a_large_upload_does_not_grow_the_process(api: Running, folder: Path, *, form: bool) -> None:
    (process,) = psutil.Process(api.process.pid).children()
    # Once before, so that what is loaded at the first use doesn't count.
    requests.post(f"{api.url}/datasets", data=rows(1), headers={"Content-Type": "text/csv"}, timeout=60)
    before, peak = process.memory_info().rss, 0

    def watched() -> Iterator[bytes]:
        nonlocal peak
        for piece in rows(300):
            peak = max(peak, process.memory_info().rss)
            yield piece

    kind = f"multipart/form-data; boundary={BOUNDARY.decode()}" if form else "text/csv"
    body = as_form(watched()) if form else watched()
    answer = requests.post(f"{api.url}/datasets", data=body, headers={"Content-Type": kind}, timeout=300)
    assert (answer.status_code, answer.json()["size"]) == (201, 300 * len(ROWS))
    assert peak - before < MOST_GROWN
    assert 300 * len(ROWS) in [path.stat().st_size for path in files(folder)]


def test_the_process_answers_others_while_an_upload_comes(api: Running) -> None:
    answered = 0

    def asking() -> Iterator[bytes]:
        nonlocal answered
        for piece in rows(20):
            yield piece
            answered += requests.get(f"{api.url}/livez", timeout=10).ok

    requests.post(f"{api.url}/datasets", data=asking(), headers={"Content-Type": "text/csv"}, timeout=60)
    assert answered == 20


def test_two_uploads_of_the_same_at_once_are_both_taken_in(api: Running) -> None:
    def upload(_: int) -> dict[str, object]:
        kind = {"Content-Type": "text/csv"}
        answer = requests.post(f"{api.url}/datasets", data=rows(8), headers=kind, timeout=60)
        assert answer.status_code == 201
        return dict(answer.json())

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(upload, range(4)))
    assert len({document["id"] for document in made}) == 4
    assert len({document["sha256"] for document in made}) == 1
    for document in made:
        assert len(requests.get(f"{api.url}/datasets/{document['id']}/content", timeout=60).content) == 8 * len(ROWS)


CUT_OFF = {
    "by its length": b"Content-Type: text/csv\r\nContent-Length: 99999999\r\n\r\na,b\n" + b"1,2\n" * 100_000,
    "in a chunk": b"Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\na,b\n" + b"1,2\n" * 100_000,
    "in a form": b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 99999999\r\n\r\n--x\r\n"
    b'Content-Disposition: form-data; name="data"; filename="x.csv"\r\n\r\na,b\n' + b"1,2\n" * 100_000,
}


@pytest.mark.parametrize("request_", CUT_OFF.values(), ids=CUT_OFF.keys())
def test_nothing_is_left_of_an_upload_that_was_cut_off(api: Running, folder: Path, request_: bytes) -> None:
    with api.connect() as connection:
        connection.sendall(b"POST /datasets HTTP/1.1\r\nHost: x\r\n" + request_)
        eventually(lambda: files(folder), saying="Nothing was written")
    eventually(lambda: not files(folder), saying="A file was left")
    assert requests.get(f"{api.url}/datasets", timeout=10).json() == {"datasets": []}


def test_a_slow_upload_is_refused_and_leaves_nothing(redis_server: EmbeddedRedis, tmp_path: Path, folder: Path) -> None:
    with running_api(redis_server.url, tmp_path, API_PROCESSES="1", STALL_TIMEOUT="0.3", ANALYSES="samples") as api:
        head = b"POST /datasets HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 999999\r\n\r\n"
        assert b"408" in api.speak(head + b"a,b\n1,2\n").partition(b"\r\n")[0]
        assert files(folder) == []
