"""Commands and scripts on pooled connections: each gets its own reply, whatever happened to the connection before."""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import hiredis
import pytest
from redis.connection import AbstractConnection
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from slow_path import a_slow_path
from waiting import eventually
from walking import NOBODY

from jobs.connection import POOL_SIZE, connect
from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.settings import Settings
from jobs.store import Store
from jobs.wire import Asking, KeptWire, Reply, Wire, WireOf
from stack.address import usable_address
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


@pytest.fixture(params=[Wire, KeptWire])
def kind(request: pytest.FixtureRequest) -> WireOf:
    """Each kind of wire that a process with threads or without may have."""
    kind: WireOf = request.param
    return kind


@pytest.fixture
def store(own_redis: EmbeddedRedis, settings: Settings, kind: WireOf) -> Iterator[Store]:
    opened = Store(replace(settings, redis_url=own_redis.url, redis_timeout=0.3), wire=kind)
    yield opened
    opened.redis.close()


@pytest.fixture
def wire(store: Store, kind: WireOf) -> Asking:
    return kind(store.redis.connection_pool)


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


def test_a_connection_that_died_unnoticed_is_replaced(store: Store, wire: Asking) -> None:
    assert wire.ask("ECHO", "before") == b"before"
    with Store(store.settings).redis as other:
        other.client_kill_filter(_type="normal", skipme=True)
    assert wire.ask("ECHO", "after") == b"after"


def test_a_command_on_which_the_connection_breaks_is_sent_once_more(
    wire: Asking, sent: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.ask("ECHO", "before")
    sent.clear()
    _break_next_read(monkeypatch, ConnectionResetError())
    assert wire.ask("ECHO", "after") == b"after"
    assert sum("ECHO" in str(each) for each in sent) == 2


def test_a_command_that_timed_out_is_not_sent_again_and_its_reply_reaches_nobody(
    wire: Asking, own_redis: EmbeddedRedis, sent: list[object]
) -> None:
    wire.ask("ECHO", "before")
    sent.clear()
    own_redis.pause()
    with pytest.raises(RedisTimeoutError):
        wire.ask("ECHO", "late")
    assert len(sent) == 1
    own_redis.resume()
    assert wire.ask("ECHO", "after") == b"after"


def test_a_refusal_keeps_the_connection(store: Store, wire: Asking) -> None:
    me = wire.ask("CLIENT", "ID")
    with pytest.raises(ResponseError):
        wire.ask("NONSENSE")
    assert wire.ask("CLIENT", "ID") == me


def test_interruptions_leave_no_reply_behind_and_no_connection_lost(
    wire: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    for turn in range(POOL_SIZE + 1):
        _break_next_read(monkeypatch, Interruption())
        with pytest.raises(Interruption):
            wire.ask("ECHO", "interrupted")
        assert wire.ask("ECHO", f"turn {turn}") == f"turn {turn}".encode()


def test_a_hello_that_comes_after_a_signal_while_connecting_is_nobodys_reply(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = RedisAddress(port=usable_address("127.0.0.1", 0).port)
    with EmbeddedRedis(data_dir=tmp_path, address=address), a_slow_path(address.port, delay=0.2) as port:
        far = replace(settings, redis_url=f"redis://127.0.0.1:{port}/0", redis_timeout=5)
        with connect(far) as redis, a_signal_that_interrupts():
            wire = Wire(redis.connection_pool)
            _signal_before_next_read(monkeypatch)
            with pytest.raises(Interruption):
                wire.ask("ECHO", "interrupted")
            assert [wire.ask("ECHO", f"turn {turn}") for turn in range(3)] == [b"turn 0", b"turn 1", b"turn 2"]


def test_many_threads_get_their_own_replies(wire: Asking) -> None:
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


@contextmanager
def a_signal_that_interrupts() -> Iterator[None]:
    """SIGUSR1 raises an Interruption wherever this process is."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise Interruption

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def _signal_before_next_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal comes when a command is sent and nothing of its reply is read."""
    with_reply: Callable[..., object] = AbstractConnection.read_response

    def fail(connection: AbstractConnection, **how: object) -> object:
        monkeypatch.setattr(AbstractConnection, "read_response", with_reply)
        signal.raise_signal(signal.SIGUSR1)
        return with_reply(connection, **how)

    monkeypatch.setattr(AbstractConnection, "read_response", fail)


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


def test_a_process_and_its_fork_get_their_own_replies(wire: Asking) -> None:
    wire.ask("PING")
    child = os.fork()
    wrong = sum(wire.ask("ECHO", f"{os.getpid()} {turn}") != f"{os.getpid()} {turn}".encode() for turn in range(500))
    if not child:
        os._exit(min(wrong, 1))
    assert (wrong, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) == (0, 0)


def test_threads_that_ask_at_once_get_their_own_replies(wire: Asking) -> None:
    def ask(number: int) -> bool:
        return all(wire.ask("ECHO", f"{number} {turn}") == f"{number} {turn}".encode() for turn in range(100))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(8)))


def test_numbers_are_texts_before_they_are_packed(wire: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[tuple[object, ...]] = []
    pack = hiredis.pack_command

    def note(command: tuple[object, ...]) -> bytes:
        packed.append(command)
        return pack(command)

    wire.ask("PING")
    monkeypatch.setattr(hiredis, "pack_command", note)
    assert wire.ask("ECHO", 0.1) == b"0.1"
    assert wire.ask("ECHO", 2**53) == b"9007199254740992"
    assert [command[1:] for command in packed] == [("0.1",), ("9007199254740992",)]
