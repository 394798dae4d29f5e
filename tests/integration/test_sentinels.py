"""Redis behind Sentinels: whichever server leads is found, and what was accepted outlives a change of the leader."""

import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from redis_group import RedisGroup
from submissions import submitted
from waiting import eventually

from app.following.subscription import Subscription
from jobs.errors import StoreUnavailable
from jobs.job import JobStatus
from jobs.redis_url import parse_redis_url
from jobs.sentinels import Watch
from jobs.settings import Settings
from jobs.store import Store
from jobs.wire import KeptWire, Wire
from stack.redis_server import answers

#: Within so many seconds of a leader's end there is another one: the Sentinels notice, agree and tell.
FAILOVER = 20.0

#: Longest that a command may take, whatever has happened to Redis, seconds.
BOUND = 2.0


@pytest.fixture
def group() -> Iterator[RedisGroup]:
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as folder, RedisGroup(Path(folder)) as running:
        yield running


@pytest.fixture(params=[Wire, KeptWire])
def sentinel_store(settings: Settings, group: RedisGroup, request: pytest.FixtureRequest) -> Iterator[Store]:
    opened = Store(replace(settings, redis_url=group.url, redis_timeout=0.4), wire=request.param)
    yield opened
    opened.redis.close()


def status_of(store: Store, job_id: str) -> JobStatus | None:
    """The job's status; None while the store is away, which takes no longer than it may to be seen."""
    asked = time.monotonic()
    try:
        return store.find(job_id).status
    except StoreUnavailable:
        return None
    finally:
        assert time.monotonic() - asked < BOUND


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_the_store_finds_the_next_leader(group: RedisGroup, sentinel_store: Store, end: signal.Signals) -> None:
    job = submitted(sentinel_store)
    group.replicate()
    leader = group.leader()
    leader.running.send_signal(end)
    eventually(lambda: status_of(sentinel_store, job.id) is None)
    eventually(lambda: status_of(sentinel_store, job.id) is JobStatus.QUEUED, within=FAILOVER)
    assert group.leader() is not leader
    assert submitted(sentinel_store).status is JobStatus.QUEUED


def test_nothing_is_lost_where_the_leader_is_exchanged_on_purpose(group: RedisGroup, sentinel_store: Store) -> None:
    before = submitted(sentinel_store)
    group.replicate()
    group.fail_over()
    assert eventually(lambda: status_of(sentinel_store, before.id)) is JobStatus.QUEUED
    after = submitted(sentinel_store)
    assert sentinel_store.find(after.id).status is JobStatus.QUEUED


def test_one_sentinel_is_enough_to_find_the_leader(group: RedisGroup, settings: Settings) -> None:
    for sentinel in group.sentinels[:2]:
        sentinel.kill()
    with closing(Store(replace(settings, redis_url=group.url)).redis) as redis:
        assert redis.ping()


def test_without_any_sentinel_it_is_soon_said_that_redis_is_away(group: RedisGroup, settings: Settings) -> None:
    for sentinel in group.sentinels:
        sentinel.running.send_signal(signal.SIGSTOP)
    store = Store(settings := replace(settings, redis_url=group.url))
    asked = time.monotonic()
    with pytest.raises(StoreUnavailable, match="No Sentinel knows a leader of front now"):
        store.find("01890000-0000-7000-8000-000000000000")
    assert time.monotonic() - asked < BOUND
    assert "No Sentinel knows" in str(answers(settings.redis_url, timeout=0.2))


def test_the_sentinels_are_all_remembered_whoever_asks_at_once(group: RedisGroup) -> None:
    with closing(Watch(parse_redis_url(group.url), timeout=2)) as watch:
        found: list[tuple[str, int]] = []
        askers = [threading.Thread(target=lambda: found.append(watch.discover_master("front"))) for _ in range(20)]
        group.sentinels[0].kill()
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert found == [("127.0.0.1", group.leader().port)] * 20
        group.sentinels[1].kill()
        assert watch.discover_master("front") == found[0]


def test_what_is_told_is_heard_from_the_next_leader_too(group: RedisGroup, sentinel_store: Store) -> None:
    heard: list[bytes] = []
    confirmed: list[str | None] = []
    subscription = Subscription(
        sentinel_store.redis, heard=lambda _, entry: heard.append(entry), confirmed=confirmed.append
    )
    with closing(subscription):
        subscription.add("news")
        eventually(lambda: confirmed == ["news"])
        group.replicate()
        group.leader().kill()
        eventually(lambda: confirmed[-1] == "news" and None in confirmed, within=FAILOVER)
        sentinel_store.redis.publish("news", "later")
        eventually(lambda: heard == [b"later"])
