"""Commands and scripts on pooled connections: each gets its own reply, whatever happened to the connection before."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from redis.connection import AbstractConnection
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from waiting import eventually
from walking import NOBODY

from jobs.connection import POOL_SIZE
from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.settings import Settings
from jobs.store import Store
from jobs.wire import Reply, Wire
from stack.redis_server import EmbeddedRedis, RedisAddress


class Interruption(BaseException):
    """What a signal's handler raises."""


@pytest.fixture
def own_redis() -> Iterator[EmbeddedRedis]:
    """A Redis that the test may stop, and whose clients it may cut off."""
    with (
        tempfile.TemporaryDirectory(prefix="coatcheck-") as folder,
        EmbeddedRedis(data_dir=Path(folder), address=RedisAddress(socket=Path(folder, "redis.sock"))) as server,
    ):
        yield server


@pytest.fixture
def store(own_redis: EmbeddedRedis, settings: Settings) -> Iterator[Store]:
    opened = Store(replace(settings, redis_url=own_redis.url, redis_timeout=0.3))
    yield opened
    opened.redis.close()


@pytest.fixture
def wire(store: Store) -> Wire:
    return Wire(store.redis.connection_pool)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Everything that is sent from now on."""
    commands: list[object] = []
    send: Callable[..., None] = AbstractConnection.send_packed_command

    def note(connection: AbstractConnection, command: object, **how: bool) -> None:
        commands.append(command)
        send(connection, command, **how)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", note)
    return commands


def test_a_script_that_redis_forgot_is_loaded_again(store: Store) -> None:
    for _ in range(2):
        with pytest.raises(NoSuchJob):
            store.find(NOBODY)
        store.redis.script_flush()


def test_a_known_script_is_sent_once(store: Store, sent: list[object]) -> None:
    with pytest.raises(NoSuchJob):
        store.find(NOBODY)
    sent.clear()
    with pytest.raises(NoSuchJob):
        store.find(NOBODY)
    assert len(sent) == 1


def test_a_connection_that_died_unnoticed_is_replaced(store: Store, wire: Wire) -> None:
    assert wire.ask("ECHO", "before") == b"before"
    with Store(store.settings).redis as other:
        other.client_kill_filter(_type="normal", skipme=True)
    assert wire.ask("ECHO", "after") == b"after"


def test_a_command_on_which_the_connection_breaks_is_sent_once_more(
    wire: Wire, sent: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.ask("ECHO", "before")
    sent.clear()
    _break_next_read(monkeypatch, ConnectionResetError())
    assert wire.ask("ECHO", "after") == b"after"
    assert sum("ECHO" in str(each) for each in sent) == 2


def test_a_command_that_timed_out_is_not_sent_again_and_its_reply_reaches_nobody(
    wire: Wire, own_redis: EmbeddedRedis, sent: list[object]
) -> None:
    wire.ask("ECHO", "before")
    sent.clear()
    own_redis.pause()
    with pytest.raises(RedisTimeoutError):
        wire.ask("ECHO", "late")
    assert len(sent) == 1
    own_redis.resume()
    assert wire.ask("ECHO", "after") == b"after"


def test_a_refusal_keeps_the_connection(store: Store, wire: Wire) -> None:
    me = wire.ask("CLIENT", "ID")
    with pytest.raises(ResponseError):
        wire.ask("NONSENSE")
    assert wire.ask("CLIENT", "ID") == me


def test_interruptions_leave_no_reply_behind_and_no_connection_lost(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for turn in range(POOL_SIZE + 1):
        _break_next_read(monkeypatch, Interruption())
        with pytest.raises(Interruption):
            wire.ask("ECHO", "interrupted")
        assert wire.ask("ECHO", f"turn {turn}") == f"turn {turn}".encode()


def test_many_threads_get_their_own_replies(wire: Wire) -> None:
    texts = [f"text {number}" for number in range(2000)]

    def echo(text: str) -> Reply:
        return wire.ask("ECHO", text)

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(echo, texts)) == [text.encode() for text in texts]


def test_a_redis_that_was_killed_is_used_again_when_it_is_back(store: Store, own_redis: EmbeddedRedis) -> None:
    with pytest.raises(NoSuchJob):
        store.find(NOBODY)
    own_redis.kill()
    with pytest.raises(StoreUnavailable):
        store.find(NOBODY)
    own_redis.start()
    eventually(lambda: _is_told_unknown(store))


def _is_told_unknown(store: Store) -> bool:
    try:
        store.find(NOBODY)
    except NoSuchJob:
        return True
    except StoreUnavailable:
        return False
    return False


def _break_next_read(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The next reply is not read; instead the error comes from where the connection reads."""
    with_reply: Callable[..., object] = AbstractConnection.read_response

    def fail(connection: AbstractConnection, **_how: object) -> object:
        monkeypatch.setattr(AbstractConnection, "read_response", with_reply)
        if isinstance(error, OSError):
            connection._sock.close()
            return with_reply(connection)
        raise error

    monkeypatch.setattr(AbstractConnection, "read_response", fail)
