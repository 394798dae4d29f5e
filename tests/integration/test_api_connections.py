"""Connections of a real server: clients that are too slow, streams, requests on the way when it stops or reloads."""

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import pytest
import requests
from running_api import API, STREAMING, Running, heard, running_api
from waiting import eventually

from stack.redis_server import EmbeddedRedis

#: Limits that a test need not wait long for.
LIMITS = {"HEAD_TIMEOUT": "1.2", "STALL_TIMEOUT": "1.2", "LEAST_SPEED": "20000"}

#: What is far longer than any limit here, seconds.
FAR = 15.0

#: The code of an analysis that a test changes.
_ANALYSIS = """
from tasks import analysis

@analysis()
def changing() -> None:
    \"\"\"Old words.\"\"\"
"""

_POST = b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture(scope="module")
def server(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with short limits, for the tests that leave it running."""
    with running_api(redis_server.url, tmp_path_factory.mktemp("data"), program=STREAMING, **LIMITS) as running:
        yield running


@pytest.fixture
def own_server(redis_server: EmbeddedRedis, tmp_path: Path) -> Iterator[Running]:
    """A server for a test that stops or reloads it."""
    with running_api(redis_server.url, tmp_path, program=STREAMING) as running:
        yield running


@pytest.fixture
def own_analyses(redis_server: EmbeddedRedis, tmp_path: Path) -> Iterator[tuple[Running, Path]]:
    """The real API around one analysis, and the file with that analysis' code."""
    code = tmp_path / "code" / "changing_analyses" / "changing.py"
    code.parent.mkdir(parents=True)
    code.with_name("__init__.py").touch()
    code.write_text(_ANALYSIS)
    path = ("-c", f"import sys; sys.path.append({str(tmp_path / 'code')!r}); {API[1]}")
    with running_api(
        redis_server.url, tmp_path, program=path, ANALYSES="changing_analyses", API_PROCESSES="1"
    ) as running:
        yield running, code


@pytest.fixture
def own_api(redis_server: EmbeddedRedis, tmp_path: Path) -> Iterator[Running]:
    """The real API for a test that reloads it."""
    with running_api(redis_server.url, tmp_path) as running:
        yield running


def test_headers_that_do_not_end_are_408(server: Running) -> None:
    began = time.monotonic()
    with server.connect() as connection:
        answer = _drip(connection, b"GET / HTTP/1.1\r\nHost: x\r\nName: " + b"x" * 100_000)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nContent-Type: application/problem+json\r\n" in answer
    assert time.monotonic() - began < FAR


def test_a_connection_that_asks_for_nothing_yet_is_kept(server: Running) -> None:
    with server.connect() as idle, server.connect() as slow:
        _drip(slow, b"GET / HTTP/1.1\r\nHost: x\r\nName: " + b"x" * 100_000)
        idle.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert heard(idle).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_stalls_is_408(server: Running) -> None:
    answer = server.speak(_POST + b"begun")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert b"/problems/request-timeout" in answer


@pytest.mark.parametrize("length", [60_000, 100_000])
def test_a_body_that_drips_is_408(server: Running, length: int) -> None:
    with server.connect() as connection:
        connection.sendall(_POST.replace(b"1000", str(length).encode()))
        answer = _drip(connection, b"x" * length)
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_body_that_takes_long_but_keeps_coming_is_taken(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(_POST.replace(b"1000", b"200000").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        for _ in range(20):
            connection.sendall(b"x" * 10_000)
            # Five times as fast as it must be, and longer in all than the longest pause.
            time.sleep(0.1)
        assert heard(connection).endswith(b"200000")


@pytest.mark.parametrize("path", ["/bytes?count=50000000", "/endless"])
def test_a_client_that_does_not_read_is_cut_off(server: Running, path: str) -> None:
    with server.connect() as connection:
        before = len([line for line in server.log if "connection.cut" in line])
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nX-Request-ID: deaf\r\n\r\n" % path.encode())
        eventually(lambda: len([line for line in server.log if "connection.cut" in line]) > before)
        with pytest.raises(ConnectionResetError):
            heard(connection)


def test_a_client_that_reads_slowly_but_steadily_gets_it_all(server: Running) -> None:
    with server.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(b"GET /bytes?count=20000000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = 0
        while piece := connection.recv(1_000_000):
            got += len(piece)
            time.sleep(0.01)
    assert got > 20_000_000


def test_every_line_of_a_stream_has_the_requests_id(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\nX-Request-ID: stream-1\r\n\r\n")
        connection.recv(1000)
    assert server.logged("stream.ended", "request_id=stream-1")


def test_two_requests_of_one_connection_have_an_id_each(server: Running) -> None:
    with requests.Session() as session:
        ids = [session.get(f"{server.url}/livez", timeout=FAR).headers["X-Request-ID"] for _ in range(2)]
    assert len(set(ids)) == 2


_GET = b"GET /bytes?count=3 HTTP/1.1\r\nHost: x\r\n\r\n"
_LAST = _GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
_TAKE = b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
_CHUNKED = b"POST /take HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("packets", "bodies"),
    [
        ([_GET + _GET + _LAST], [b"xxx", b"xxx", b"xxx"]),
        ([_GET, _GET, _LAST], [b"xxx", b"xxx", b"xxx"]),
        ([_GET[:20], _GET[20:], _LAST], [b"xxx", b"xxx"]),
        ([_TAKE, b"abcde", _LAST], [b"5", b"xxx"]),
        ([_TAKE + b"ab", b"cde" + _LAST], [b"5", b"xxx"]),
        ([_TAKE + b"abcde" + _LAST[:9], _LAST[9:]], [b"5", b"xxx"]),
        ([_CHUNKED + _GET[:9], _GET[9:] + _LAST], [b"4", b"xxx", b"xxx"]),
        ([_CHUNKED + _TAKE, b"GET /", _LAST], [b"4", b"5", b"xxx"]),
    ],
)
@pytest.mark.parametrize("pause", [0.0, 0.2])
def test_requests_are_told_apart_however_they_are_cut(
    server: Running, packets: list[bytes], bodies: list[bytes], pause: float
) -> None:
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for packet in packets:
            connection.sendall(packet)
            # Not a wait for something: it decides which packets the server sees apart.
            time.sleep(pause)
        answers = heard(connection)
    assert answers.count(b"HTTP/1.1 200 ") == len(bodies)
    # An answer without a length is chunked; no body here has more than nine bytes.
    assert [said.partition(b"\r\n\r\n")[2][-1:] for said in answers.split(b"HTTP/1.1 200 ")[1:]] == [
        body[-1:] for body in bodies
    ]


def test_an_answer_that_fails_at_its_end_is_followed_by_nothing(server: Running) -> None:
    answer = server.speak(_GET.replace(b"/bytes?count=3", b"/bad-end"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\nfine")


def test_a_connection_that_is_told_to_be_kept_is_kept_though_the_process_stops(own_server: Running) -> None:
    with own_server.connect() as connection:
        connection.sendall(_GET.replace(b"/bytes?count=3", b"/until-stop"))
        stream = connection.recv(65536)
        own_server.process.send_signal(signal.SIGHUP)
        while not stream.endswith(b"0\r\n\r\n"):
            piece = connection.recv(2**20)
            assert piece
            stream = stream[:500] + piece[-500:]
        assert b"\r\nConnection: keep-alive\r\n" in stream[:500]
        connection.sendall(_LAST)
        assert heard(connection).endswith(b"\r\n\r\nxxx")


def test_a_connection_that_is_idle_for_long_is_closed(redis_server: EmbeddedRedis, tmp_path: Path) -> None:
    with (
        running_api(redis_server.url, tmp_path, program=STREAMING, TEST_KEEP_ALIVE="1") as server,
        server.connect() as fresh,
        server.connect() as used,
    ):
        used.sendall(_GET)
        assert heard(fresh) == b""
        assert heard(used).endswith(b"\r\n\r\nxxx")


def test_many_idle_connections_leave_it_quick(server: Running) -> None:
    with contextlib.ExitStack() as open_:
        for _ in range(500):
            open_.enter_context(server.connect())
        assert requests.get(f"{server.url}/livez", timeout=FAR).ok


def test_a_stop_ends_streams_and_waiting_polls_in_good_order(own_server: Running) -> None:
    answers: list[bytes] = []
    waiting = [
        threading.Thread(target=lambda path=path: answers.append(_asked(own_server, path)))
        for path in ("/until-stop", "/wait?seconds=60")
    ]
    for thread in waiting:
        thread.start()
    eventually(lambda: _clients_of(own_server) >= 2)
    own_server.process.send_signal(signal.SIGTERM)
    for thread in waiting:
        thread.join(FAR)
    assert own_server.process.wait(20) == 0
    assert sorted(answer[-11:] for answer in answers) == [b"data: bye\n\n", b"waited"]
    assert own_server.logged("told.to.stop")


def test_a_reload_under_load_fails_no_request(own_api: Running) -> None:
    before = _processes(own_api)
    with Load(own_api, clients=6) as load:
        for _ in range(2):
            _reload(own_api, load)
    assert load.failures == []
    assert load.answered > 100
    assert not before & _processes(own_api)


def test_a_reload_ends_streams_in_good_order(own_server: Running) -> None:
    answers: list[bytes] = []
    stream = threading.Thread(target=lambda: answers.append(_asked(own_server, "/until-stop")))
    stream.start()
    eventually(lambda: _clients_of(own_server) >= 1)
    own_server.process.send_signal(signal.SIGHUP)
    stream.join(FAR)
    assert [answer[-11:] for answer in answers] == [b"data: bye\n\n"]


def test_a_reload_brings_changed_analyses(own_analyses: tuple[Running, Path]) -> None:
    server, code = own_analyses
    code.write_text(_ANALYSIS.replace("Old words", "Words that are new"))
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: "Words that are new" in requests.get(f"{server.url}/analysis/changing", timeout=FAR).text)


def test_a_reload_that_can_not_start_changes_nothing(own_analyses: tuple[Running, Path]) -> None:
    server, code = own_analyses
    before = _processes(server)
    code.write_text("this is no Python")
    server.process.send_signal(signal.SIGHUP)
    server.logged("api.reload_failed")
    eventually(lambda: _processes(server) == before)
    assert "Old words" in requests.get(f"{server.url}/analysis/changing", timeout=FAR).text


@dataclass
class Load:
    """Clients that submit and look, each over a connection of its own that it keeps."""

    server: Running
    clients: int
    failures: list[str] = field(default_factory=list)
    answered: int = 0

    def __enter__(self) -> Self:
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(FAR)

    def _ask(self) -> None:
        body = {"data": {"builtin": "iris"}}
        with requests.Session() as session:
            while not self._ended.is_set():
                try:
                    answer = session.post(f"{self.server.url}/analysis/describe/run", json=body, timeout=FAR)
                    polled = session.get(answer.headers["Location"], timeout=FAR)
                except (requests.RequestException, KeyError) as error:
                    self.failures.append(repr(error))
                    return
                if (answer.status_code, polled.status_code) != (202, 202):
                    self.failures.append(f"{answer.status_code} {polled.status_code}")
                self.answered += 2


def _reload(server: Running, load: Load) -> None:
    """Reloads, and returns when the old processes are gone and the new ones have answered for a while."""
    before = _processes(server)
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: not before & _processes(server), within=40, saying="The old processes did not end")
    reached = load.answered
    eventually(lambda: load.answered > reached + 20 or load.failures)


def _processes(server: Running) -> set[int]:
    return {child.pid for child in psutil.Process(server.process.pid).children()}


def _asked(server: Running, path: str) -> bytes:
    return requests.get(f"{server.url}{path}", timeout=60).content


def _clients_of(server: Running) -> int:
    """Connections that its processes hold."""
    children = psutil.Process(server.process.pid).children()
    return sum(each.status == psutil.CONN_ESTABLISHED for child in children for each in child.net_connections())


def _drip(connection: socket.socket, said: bytes) -> bytes:
    """Sends a byte each 10 ms until there is an answer; returns that."""
    connection.settimeout(0.01)
    for byte in said:
        with contextlib.suppress(TimeoutError):
            answer = connection.recv(65536)
            connection.settimeout(FAR)
            return answer + heard(connection)
        connection.sendall(bytes([byte]))
    raise AssertionError("It was taken to its end.")
