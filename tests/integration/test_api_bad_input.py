"""Bad and hostile input: every bit of it is answered by a 4xx that says why, whatever it is and however it comes."""

import contextlib
import gzip
import io
import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import orjson
import psutil
import pytest
import requests
import zstandard
from flask import Flask
from flask.testing import FlaskClient
from running_api import Running, heard, running_api
from walking import slug
from werkzeug.test import TestResponse

from app.factory import MOST_FIELDS, create_app
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis

RUN = "/analysis/describe/run"
FORM = "multipart/form-data; boundary=b"
MB = 2**20

#: What an answer to a long body may cost a process of the API beside what it has anyway, bytes.
MOST_MEMORY = 48 * MB


def post(client: FlaskClient, body: bytes, content_type: str = "application/json") -> TestResponse:
    return client.post(RUN, data=body, content_type=content_type)


def form(*parts: bytes, end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


def field(name: str, content: bytes, *headers: bytes) -> bytes:
    lines = [b'Content-Disposition: form-data; name="' + name.encode() + b'"', *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


def file(content: bytes = b"a\n1\n", file_name: bytes = b"t.csv", *headers: bytes) -> bytes:
    lines = [b'Content-Disposition: form-data; name="data"; filename="' + file_name + b'"', *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


MALFORMED = {
    "a key twice": b'{"params": {}, "params": {}}',
    "a key of the params twice": b'{"params": {"top": 1, "top": 2}}',
    "a column of a row twice": b'{"data": {"records": [{"a": 1, "a": 2}]}}',
    "a long number": b'{"data": {"records": [{"a": 12345678901234567890123}]}}',
    "a huge number": b'{"params": {"top": 1' + b"0" * 400 + b"}}",
    "a number of 100,000 digits": b'{"params": {"top": ' + b"9" * 100_000 + b"}}",
    "NaN": b'{"data": {"records": [{"a": NaN}]}}',
    "Infinity": b'{"timeout": Infinity}',
    "a NUL in a label": rb'{"label": "a\u0000b"}',
    "a NUL in a param": rb'{"params": {"target": "\u0000"}}',
    "a NUL in the name of a column": rb'{"data": {"records": [{"a\u0000": 1}]}}',
    "half a surrogate in the name of a column": rb'{"data": {"columns": {"\udc00": [1]}}}',
    "deep objects in params": b'{"params": ' + b'{"a":' * 300 + b"1" + b"}" * 301,
    "UTF-16": '{"label": "é"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"label": "é"}'.encode("utf-16-be"),
    "latin-1": '{"label": "é"}'.encode("latin-1"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a NUL byte": b"{\0}",
    "form as JSON": b"label=x",
    "a compressed body that does not say so": zstandard.compress(b"{}"),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_400(client: FlaskClient, body: bytes) -> None:
    answer = post(client, body)
    assert (answer.status_code, slug(answer)) == (400, "malformed-body")
    assert len(answer.data) < 1000


def test_a_key_that_comes_twice_is_named(client: FlaskClient) -> None:
    assert "'top' comes twice" in post(client, b'{"params": {"top": 1, "top": 2}}').json["detail"]


def test_a_nul_is_told_by_its_place(client: FlaskClient) -> None:
    problem = post(client, b'{\n"label": "a\\u0000b"}').json
    assert (problem["line"], problem["column"]) == (2, 12)


NOT_VALID = {
    "a number beyond 64 bits that a float can hold": b'{"params": {"top": 100000000000000000000}}',
    "a seed beyond 64 bits": b'{"seed": 100000000000000000000}',
    "a label of many letters": b'{"label": "' + b"x" * 100_000 + b'"}',
    "an option with a long name": b'{"' + b"x" * 100_000 + b'": 1}',
    "a param with a long name": b'{"params": {"' + b"x" * 100_000 + b'": 1}}',
    "many options": json.dumps({f"option{number}": 1 for number in range(5000)}).encode(),
    "many bad cells": json.dumps({"data": {"records": [{"a": []}] * 5000}}).encode(),
    "nested data": b'{"data": {"records": [[[[[[]]]]]]}}',
    "deep params": b'{"params": ' + b"[" * 200 + b"]" * 200 + b"}",
    "deep data": b'{"data": ' + b"[" * 200 + b"]" * 200 + b"}",
    "data that is a number": b'{"data": 1}',
    "a data set with a NUL in its name": b'{"data": {"builtin": "\\\\u0000"}}',
    "everything of a wrong type": b'{"data": [], "params": 1, "label": {}, "seed": "x", "priority": [], "timeout": {}}',
}


@pytest.mark.parametrize("body", NOT_VALID.values(), ids=NOT_VALID.keys())
def test_a_body_that_is_not_valid_is_422_and_short(client: FlaskClient, body: bytes) -> None:
    answer = post(client, body)
    assert (answer.status_code, slug(answer)) == (422, "invalid-request")
    assert len(answer.data) < 30_000


MALFORMED_FORMS = {
    "nothing": b"",
    "no part": b"--b--\r\n",
    "another boundary": form(field("label", b"x")).replace(b"--b", b"--c"),
    "no closing boundary": form(field("label", b"x"), end=b""),
    "a closing boundary cut short": form(field("label", b"x"), end=b"--b-"),
    "a part that ends in its headers": b'--b\r\nContent-Disposition: form-data; name="la',
    "a part without a name": form(b"Content-Disposition: form-data\r\n\r\nx"),
    "a file without a name of its field": form(b'Content-Disposition: form-data; filename="x"\r\n\r\nx'),
    "a part without a disposition": form(b"Content-Type: text/plain\r\n\r\nx"),
    "a part without headers": form(b"\r\nx"),
    "headers that are no UTF-8": form(field("label", b"x", b"X-Name: \xff")),
    "a name that is no UTF-8": form(b'Content-Disposition: form-data; name="\xff"\r\n\r\nx'),
    "base64": form(file(b"YQ==", b"t.csv", b"Content-Transfer-Encoding: base64")),
    "multipart in multipart": form(field("data", b"--c--", b"Content-Type: multipart/mixed; boundary=c")),
}


@pytest.mark.parametrize("body", MALFORMED_FORMS.values(), ids=MALFORMED_FORMS.keys())
def test_a_malformed_form_is_400(client: FlaskClient, body: bytes) -> None:
    answer = post(client, body, FORM)
    assert (answer.status_code, slug(answer)) == (400, "malformed-body")
    assert "None" not in answer.json["detail"]


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=é"]
)
def test_a_form_without_a_boundary_is_400(client: FlaskClient, content_type: str) -> None:
    answer = post(client, form(file()), content_type)
    assert (answer.status_code, slug(answer)) == (400, "malformed-body")


LARGE_FORMS = {
    "10,000 parts": form(*[field("label", b"x")] * 10_000),
    "one part too many": form(*[field("label", b"x")] * (MOST_FIELDS + 1)),
    "a field with a name of 150 KB": form(field("x" * 150_000, b"1")),
    "headers of 150 KB": form(field("label", b"x", b"X-Long: " + b"x" * 150_000)),
    "150 KB before the first part": b"x" * 150_000 + form(field("label", b"x")),
}


@pytest.mark.parametrize("body", LARGE_FORMS.values(), ids=LARGE_FORMS.keys())
def test_a_form_that_is_too_large_is_413(client: FlaskClient, body: bytes) -> None:
    answer = post(client, body, FORM)
    assert (answer.status_code, slug(answer)) == (413, "body-too-large")


def test_a_text_field_that_is_too_long_is_413(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, max_body=4 * MB))
    answer = post(app.test_client(), form(field("label", b"x" * (MB + 1))), FORM)
    assert (answer.status_code, slug(answer)) == (413, "body-too-large")
    app.extensions["coatcheck"].store.redis.close()


BAD_FIELDS = {
    "a label in latin-1": ("/label", field("label", b"\xe9")),
    "a label that says it is in latin-1": (
        "/label",
        field("label", b"x", b"Content-Type: text/plain; charset=latin-1"),
    ),
    "a label in half of UTF-8": ("/label", field("label", b"\xe2\x82")),
    "a label with a NUL": ("/label", field("label", b"a\0b")),
    "a number with a NUL": ("/seed", field("seed", b"1\0")),
    "a number that is none": ("/seed", field("seed", b"NaN")),
    "params with a key twice": ("/params", field("params", b'{"top": 1, "top": 2}')),
    "params that are no UTF-8": ("/params", field("params", b'{"\xff": 1}')),
    "params that nest": ("/params", field("params", b"[" * 10_000)),
    "a field that is unknown": ("/none", field("none", b"x")),
    "a field with a strange name": ("/a~1b c~0\t😀", field("a/b c~\t😀", b"x")),
    "a field whose name is empty": ("/", field("", b"x")),
}


@pytest.mark.parametrize(("path", "part"), BAD_FIELDS.values(), ids=BAD_FIELDS.keys())
def test_a_bad_field_of_a_form_is_named(client: FlaskClient, path: str, part: bytes) -> None:
    answer = post(client, form(file(), part), FORM)
    assert (answer.status_code, slug(answer)) == (422, "invalid-request")
    assert [error["path"] for error in answer.json["errors"]] == [path]


@pytest.mark.parametrize("file_name", [b"a\0.csv", b"a\x1b[31m.csv", b"a\x7f"])
def test_the_name_of_a_file_holds_no_control_characters(client: FlaskClient, file_name: bytes) -> None:
    answer = post(client, form(file(file_name=file_name)), FORM)
    assert (answer.status_code, slug(answer)) == (422, "invalid-request")


@pytest.mark.parametrize("file_name", [b"", b"..", b"/", b"C:\\t.csv", b"t" * 5000 + b".csv", "é😀.csv".encode()])
def test_any_other_name_of_a_file_is_taken(client: FlaskClient, file_name: bytes) -> None:
    assert post(client, form(file(file_name=file_name)), FORM).status_code == 202


def test_bytes_of_a_file_are_for_the_worker_to_judge(client: FlaskClient) -> None:
    assert post(client, form(file(bytes(range(256)))), FORM).status_code == 202


def test_an_epilogue_is_nobodys_matter(client: FlaskClient) -> None:
    assert post(client, b"preamble\r\n" + form(file()) + b"epilogue", FORM).status_code == 202


def test_a_body_that_ends_before_its_length_is_400(client: FlaskClient) -> None:
    answer = client.post(
        RUN, input_stream=io.BytesIO(b"{}"), content_type="application/json", environ_overrides={"CONTENT_LENGTH": "9"}
    )
    assert (answer.status_code, slug(answer)) == (400, "malformed-body")


GARBAGE = [
    "%00",
    "%ff",
    "%ed%a0%80",
    "%0d%0aX:%20y",
    "..%2f..",
    "%25",
    "é",
    "%F0%9F%98%80",
    "x" * 3000,
    "%00" * 500,
    "'\"<>",
    "-",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: garbage[:12])
def test_garbage_in_a_path_is_404_at_every_url(app: Flask, garbage: str) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", quote(garbage, safe="%"))
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"} if rule.arguments else ():
            answer = client.open(path, method=method, data=b"{}", content_type="application/json")
            assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), (method, path)


@pytest.mark.parametrize(
    "query", ["%00=%ff", "limit=%00", "limit=-1", "since=99999999999999999999", "status=%ed%a0%80", "&" * 3000]
)
def test_garbage_in_a_query_is_no_mistake_of_ours(client: FlaskClient, query: str) -> None:
    assert client.get(f"/jobs?{query}").status_code < 500


def test_a_long_table_is_refused_at_its_first_mistakes(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, max_body=8 * MB))
    body = b'{"data": {"records": [' + b'{"a": []},' * 200_000 + b"{}]}}"
    answer = post(app.test_client(), body)
    assert (answer.status_code, slug(answer), len(answer.json["errors"])) == (422, "invalid-request", 20)
    app.extensions["coatcheck"].store.redis.close()


def test_a_long_batch_is_taken(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, max_body=8 * MB))
    client, store = app.test_client(), Store(api_settings)
    rows = [{"a": number, "b": "x" * 100} for number in range(5000)]
    answer = client.post("/analysis/describe/batch", json={"items": [{"data": {"records": rows}}] * 5})
    assert answer.status_code == 202
    inputs = {store.input_of(store.find(job["id"])) for job in answer.json["jobs"]}
    assert [packed.partition(b"\n")[2] for packed in inputs if packed] == [orjson.dumps(rows)]
    app.extensions["coatcheck"].store.redis.close()
    store.redis.close()


def test_a_long_body_sent_again_is_the_same_request(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, max_body=8 * MB))
    rows = [{"a": number, "b": "x" * 100} for number in range(10_000)]
    bodies = [{"data": {"records": rows}}, {"data": {"records": rows}}, {"data": {"records": rows[::-1]}}]
    answers = [app.test_client().post(RUN, json=body, headers={"Idempotency-Key": "mine"}) for body in bodies]
    assert [answer.status_code for answer in answers] == [202, 202, 422]
    assert answers[0].json["id"] == answers[1].json["id"]
    app.extensions["coatcheck"].store.redis.close()


@pytest.fixture(scope="module")
def server(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An API in one process, which every one of these tests leaves running."""
    with running_api(redis_server.url, tmp_path_factory.mktemp("data"), API_PROCESSES="1") as running:
        worker = _process(running)
        yield running
        assert _process(running) == worker


def _process(running: Running) -> psutil.Process:
    (process,) = psutil.Process(running.process.pid).children()
    return process


def head(*headers: str, method: str = "POST", path: str = RUN) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Type: application/json", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunked(body: bytes, size: int = MB) -> bytes:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


JSON_BODY = b'{"data": {"builtin": "iris"}}'

ODD_REQUESTS = {
    "chunked": (head("Transfer-Encoding: chunked") + chunked(JSON_BODY, 3), b"202"),
    "chunked, spelled otherwise": (head("Transfer-Encoding: CHUNKED") + chunked(JSON_BODY), b"202"),
    "just the limit, chunked": (head("Transfer-Encoding: chunked") + chunked(JSON_BODY.ljust(32 * MB)), b"202"),
    "just the limit": (head(f"Content-Length: {32 * MB}") + JSON_BODY.ljust(32 * MB), b"202"),
    "one more, chunked": (head("Transfer-Encoding: chunked") + chunked(JSON_BODY.ljust(32 * MB + 1)), b"413"),
    "one more": (head(f"Content-Length: {32 * MB + 1}") + JSON_BODY.ljust(32 * MB + 1), b"413"),
    "a length beyond all": (head(f"Content-Length: {10**30}"), b"413"),
    "a length below zero": (head("Content-Length: -1"), b"400"),
    "a length that is none": (head("Content-Length: 0x10"), b"400"),
    "two lengths": (head("Content-Length: 2", "Content-Length: 3") + b"{} ", b"400"),
    "a length and chunks": (head("Content-Length: 2", "Transfer-Encoding: chunked") + chunked(JSON_BODY), b"400"),
    "gzip as transfer coding": (head("Transfer-Encoding: gzip, chunked") + chunked(JSON_BODY), b"400"),
    "chunked twice": (head("Transfer-Encoding: chunked, chunked") + chunked(JSON_BODY), b"400"),
    "an unknown transfer coding": (head("Transfer-Encoding: none-such"), b"501"),
    "chunks without an end": (head("Transfer-Encoding: chunked") + b"5\r\n{", b"400"),
    "a chunk of a huge size": (head("Transfer-Encoding: chunked") + b"f" * 40 + b"\r\n{}", b"400"),
    "no body": (head(), b"400"),
    "500 headers": (head(*[f"X-{number}: x" for number in range(500)], method="GET", path="/"), b"431"),
    "a NUL in a header": (head("X: a\0b", method="GET", path="/"), b"400"),
    "a raw byte in the path": (b"GET /jobs/\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"400"),
}


@pytest.mark.parametrize(("said", "status"), ODD_REQUESTS.values(), ids=ODD_REQUESTS.keys())
def test_odd_framing_is_answered(server: Running, said: bytes, status: bytes) -> None:
    answer = _speak(server, said)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:300]
    assert status == b"202" or b"Content-Type: application/problem+json" in answer


def _speak(running: Running, said: bytes) -> bytes:
    """What the server answers to a client that says this, and nothing more."""
    with running.connect() as connection:
        # A refusal may come, and the connection be closed, while the client is still sending.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
        return heard(connection)


def _bomb(size: int) -> bytes:
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join(packer.compress(b" " * MB) for _ in range(size // MB)) + packer.flush()


HEAVY: dict[str, Callable[[], tuple[bytes, bytes]]] = {
    "empty lists": lambda: (b"", b'{"data": {"records": [' + b"[]," * (10 * MB) + b"0]}}"),
    "empty rows": lambda: (b"", b'{"data": {"records": [' + b"{}," * (10 * MB) + b"{}]}}"),
    "params": lambda: (b"", b'{"params": [' + b"[]," * (10 * MB) + b"0]}"),
    "brackets": lambda: (b"", b'{"data": {"records": ' + b"[" * (31 * MB)),
    "one text": lambda: (b"", b'{"label": "' + b"x" * (31 * MB) + b'"}'),
    "half a gigabyte in gzip": lambda: (b"gzip", gzip.compress(b" " * MB) * 512),
    "half a gigabyte in zstd": lambda: (b"zstd", _bomb(512 * MB)),
    "many empty members of gzip": lambda: (b"gzip", gzip.compress(b"") * 300_000),
}


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells the peak of another process' memory"
)
@pytest.mark.parametrize("made", HEAVY.values(), ids=HEAVY.keys())
def test_a_heavy_body_is_refused_at_little_cost(server: Running, made: Callable[[], tuple[bytes, bytes]]) -> None:
    coding, body = made()
    process = _process(server)
    rest = process.memory_info().rss
    _reset_peak(process.pid)
    answer = _speak(server, head(f"Content-Encoding: {coding.decode()}", f"Content-Length: {len(body)}") + body)
    assert answer[9:10] == b"4", answer[:300]
    assert _peak(process.pid) - rest < MOST_MEMORY


def _reset_peak(pid: int) -> None:
    # See proc_pid_clear_refs(5).
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024


def test_while_a_long_table_is_read_others_are_answered(server: Running) -> None:
    row = orjson.dumps({f"column{number}": 0.5 * number for number in range(20)})
    body = b'{"data": {"records": [' + b",".join([row] * (20 * MB // len(row))) + b"]}}"
    said = head(f"Content-Length: {len(body)}") + body
    with ThreadPoolExecutor(1) as pool, requests.Session() as session:
        sent = pool.submit(_speak, server, said)
        answered = 0
        while not sent.done():
            assert session.get(f"{server.url}/livez", timeout=20).ok
            answered += 1
    assert sent.result().startswith(b"HTTP/1.1 202")
    # 320 slices; if it were read at once, one or two.
    assert answered > 20
