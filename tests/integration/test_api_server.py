"""The API as a real process: what it says over a socket, how it starts and stops, and what it weighs."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from running_api import Running, command, running_api
from waiting import eventually

from stack.redis_server import EmbeddedRedis

#: Largest resident memory of a process of the API, bytes.
LARGEST = 80 * 2**20


@pytest.fixture(scope="module")
def server(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An API for the tests that leave it running."""
    with running_api(redis_server.url, tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture
def own_server(redis_server: EmbeddedRedis, tmp_path: Path) -> Iterator[Running]:
    """An API for a test that stops it."""
    with running_api(redis_server.url, tmp_path) as running:
        yield running


def said_by(process: "subprocess.Popen[str]") -> str:
    """What a start that fails says, and its exit code."""
    _, said = process.communicate(timeout=20)
    return f"{process.returncode}: {said}"


def test_a_job_is_handed_in_and_polled_over_the_socket(server: Running) -> None:
    answer = requests.post(f"{server.url}/analysis/describe/run", files={"data": ("t.csv", b"a,b\n1,2\n")}, timeout=15)
    polled = requests.get(answer.headers["Location"], timeout=15)
    assert (answer.status_code, polled.status_code, polled.json()["status"]) == (202, 202, "queued")


def test_each_process_is_below_80_mb(server: Running) -> None:
    requests.post(f"{server.url}/analysis/describe/run", json={"data": {"builtin": "iris"}}, timeout=15)
    requests.get(f"{server.url}/openapi.json", timeout=15)
    parent = psutil.Process(server.process.pid)
    weights = [process.memory_info().rss for process in (parent, *parent.children())]
    assert len(weights) == 3
    assert max(weights) < LARGEST


def test_a_body_that_is_too_large_is_told_to_a_client_that_is_still_sending(server: Running) -> None:
    answer = requests.post(
        f"{server.url}/analysis/describe/run",
        data=b" " * (33 * 2**20),
        headers={"Content-Type": "application/json", "Connection": "close"},
        timeout=20,
    )
    assert (answer.status_code, answer.json()["type"]) == (413, f"{server.url}/problems/body-too-large")


def test_a_chunked_body_that_is_too_large_is_413(server: Running) -> None:
    chunks = (b" " * 2**20 for _ in range(33))
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{server.url}/analysis/describe/run", data=chunks, headers=headers, timeout=20)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nbad name: x\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 8000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nLong: " + b"x" * 20_000 + b"\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n", b"417"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
    ],
    ids=["no http", "bad header", "long url", "long header", "bad expectation", "no host"],
)
def test_what_is_no_http_is_a_problem_too(server: Running, request_: bytes, status: bytes) -> None:
    answer = server.speak(request_)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nContent-Type: application/problem+json\r\n" in answer
    assert b"\r\nX-Content-Type-Options: nosniff\r\n" in answer


@pytest.mark.parametrize("chunk", [b"ZZ\r\n", b"-5\r\n", b"5\r\nabcdeXX\r\n"])
def test_a_broken_chunk_is_the_clients_mistake(server: Running, chunk: bytes) -> None:
    head = b"POST /analysis/describe/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    answer = server.speak(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"/problems/malformed-body" in answer


def test_headers_of_nobody_make_the_answer_https(server: Running) -> None:
    answer = requests.get(server.url, headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil"}, timeout=15)
    assert answer.json()["links"]["self"] == f"{server.url}/"


def test_each_request_is_one_line_in_the_log(server: Running) -> None:
    requests.get(f"{server.url}/jobs/a%0Ab", headers={"X-Request-ID": "find-me"}, timeout=15)
    line = server.logged("find-me")
    assert all(word in line for word in ("GET", "/jobs/a%0Ab", "404", "ms="))


def test_a_stop_does_not_wait_for_idle_connections(own_server: Running) -> None:
    with requests.Session() as session:
        session.get(f"{own_server.url}/livez", timeout=15)
        began = time.monotonic()
        own_server.process.terminate()
        code = own_server.process.wait(20)
    assert (code, time.monotonic() - began < 20) == (0, True)


def test_a_stop_says_nothing_alarming(own_server: Running) -> None:
    with requests.Session() as session:
        session.get(f"{own_server.url}/livez", timeout=15)
        own_server.process.terminate()
        own_server.process.wait(20)
    alarming = [line for line in own_server.log if "rror" in line or "Traceback" in line]
    assert alarming == [], "".join(own_server.log)[-3000:]


def test_a_process_that_dies_is_replaced(own_server: Running) -> None:
    parent = psutil.Process(own_server.process.pid)
    first = parent.children()[0]
    first.kill()
    eventually(lambda: first not in parent.children() and len(parent.children()) == 2)
    assert requests.get(f"{own_server.url}/livez", timeout=15).ok


def test_a_taken_port_is_told_in_one_line(server: Running) -> None:
    said = said_by(command("--port", str(server.port)))
    assert said == f"2: coatcheck api: can't listen on 127.0.0.1 port {server.port}: Address already in use\n"


def test_a_wrong_setting_is_told_in_one_line() -> None:
    said = said_by(command(MAX_BODY="much"))
    assert re.fullmatch(r"2: coatcheck api: COATCHECK_MAX_BODY=much: allowed is .*\n", said)


def test_analyses_that_can_not_be_loaded_are_told_in_one_line() -> None:
    said = said_by(command("--port", "0", ANALYSES="no_such_package"))
    assert re.fullmatch(r"2: coatcheck api: no_such_package: .*\n", said)


def test_analyses_that_end_the_process_are_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "deadly.py").write_text("import os\nos._exit(7)\n")
    said = said_by(_with_path(tmp_path, "deadly"))
    assert re.fullmatch(r"2: coatcheck api: .* ended the process with code 7\n", said)


def _with_path(folder: Path, package: str) -> "subprocess.Popen[str]":
    verb = f"import sys; sys.path.append({str(folder)!r}); import typer; from app.command import api; typer.run(api)"
    env = {**os.environ, "COATCHECK_ANALYSES": package, "COATCHECK_PORT": "0"}
    return subprocess.Popen([sys.executable, "-c", verb], env=env, stderr=subprocess.PIPE, text=True)
