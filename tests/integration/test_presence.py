"""An API process says that it lives, and goes on saying so whatever Redis did meanwhile."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis
from structlog.testing import CapturingLogger
from waiting import eventually

from app.serving import presence
from app.serving.stopping import Stop
from jobs.errors import StoreUnavailable
from jobs.roster import Role, Roster
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress


@pytest.fixture
def own_redis() -> Iterator[EmbeddedRedis]:
    """A Redis that the test may stop."""
    with (
        tempfile.TemporaryDirectory(prefix="coatcheck-") as folder,
        EmbeddedRedis(data_dir=Path(folder), address=RedisAddress(socket=Path(folder, "redis.sock"))) as server,
    ):
        yield server


@pytest.fixture
def store(own_redis: EmbeddedRedis, settings: Settings) -> Iterator[Store]:
    opened = Store(replace(settings, redis_url=own_redis.url, redis_timeout=1))
    yield opened
    opened.redis.close()


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Stop:
    """The stop of the process; it says often that it lives."""
    begun = Stop()
    monkeypatch.setattr(presence, "on_stop", begun.call)
    monkeypatch.setattr(presence, "API_EVERY", 0.02)
    return begun


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """What is logged, at whatever level."""
    captured = CapturingLogger()
    monkeypatch.setattr(presence, "log", captured)
    return captured


@contextmanager
def announced(store: Store, stop: Stop) -> Iterator[None]:
    """This process says that it lives until the end of the block."""
    others = set(threading.enumerate())
    presence.keep_announced(store.settings)
    (thread,) = (each for each in threading.enumerate() if each not in others and each.name == "presence")
    try:
        yield
    finally:
        stop.tell()
        thread.join(15)
    assert not thread.is_alive()


def seen(store: Store) -> int:
    """When this process was heard of last; 0 for never, or where Redis can't say."""
    try:
        return max((each.seen for each in Roster(store).members() if each.role is Role.API), default=0)
    except StoreUnavailable:
        return 0


def test_a_process_is_announced_until_it_stops(store: Store, stop: Stop) -> None:
    with announced(store, stop):
        first = eventually(lambda: seen(store))
        eventually(lambda: seen(store) > first)
    assert Roster(store).members() == []


def test_announcing_goes_on_when_redis_is_back(
    own_redis: EmbeddedRedis, store: Store, stop: Stop, log: CapturingLogger
) -> None:
    with announced(store, stop):
        before = eventually(lambda: seen(store))
        own_redis.kill()
        eventually(lambda: "presence.not_announced" in events(log))
        own_redis.start()
        eventually(lambda: seen(store) > before)


def test_announcing_goes_on_when_redis_has_refused_it(
    own_redis: EmbeddedRedis, store: Store, stop: Stop, log: CapturingLogger
) -> None:
    with announced(store, stop), Redis.from_url(own_redis.url) as other:
        eventually(lambda: seen(store))
        other.acl_setuser("default", enabled=True, nopass=True, categories=["+@all"], commands=["-evalsha"])
        eventually(lambda: "presence.refused" in events(log))
        refused = int(other.time()[0]) * 1000
        other.acl_setuser("default", enabled=True, nopass=True, categories=["+@all"], commands=["+evalsha"])
        eventually(lambda: seen(store) > refused)


def test_a_process_that_stops_while_redis_is_away_stops_all_the_same(
    own_redis: EmbeddedRedis, store: Store, stop: Stop
) -> None:
    with announced(store, stop):
        eventually(lambda: seen(store))
        own_redis.kill()


def events(log: CapturingLogger) -> set[object]:
    """What was logged so far."""
    return {call.args[0] for call in log.calls}
