"""Redis goes away and comes back, under a real worker."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from processes import Worker
from redis import Redis
from submissions import submitted
from waiting import eventually

from jobs.errors import StoreUnavailable
from jobs.job import FINAL, JobStatus
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress

pytestmark = pytest.mark.alone

#: Within so many seconds of Redis' return a worker runs jobs again.
RESUME = 10.0


@pytest.fixture
def own_redis() -> Iterator[EmbeddedRedis]:
    """A Redis to break. It answers once a write is on the disk; with `everysec` a slow disk may cost the last ones."""
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as folder:
        server = EmbeddedRedis(data_dir=Path(folder), address=RedisAddress(socket=Path(folder, "redis.sock")))
        with server:
            Redis.from_url(server.url).config_set("appendfsync", "always")
            yield server


@pytest.fixture
def outage_settings(settings: Settings, own_redis: EmbeddedRedis) -> Settings:
    return replace(settings, redis_url=own_redis.url, lease=30, redis_timeout=0.3)


def status_of(store: Store, job_id: str) -> JobStatus | None:
    """The job's status; None while the store is away."""
    try:
        return store.find(job_id).status
    except StoreUnavailable:
        return None


@pytest.mark.parametrize("way", ["kill", "stop", "pause"])
def test_a_running_job_settles_though_redis_was_away(
    outage_settings: Settings, own_redis: EmbeddedRedis, tmp_path: Path, way: str
) -> None:
    store = Store(outage_settings)
    with Worker(outage_settings, tmp_path, concurrency=1) as worker:
        job_id = submitted(store, "nap", params={"seconds": 1.5}).id
        eventually(lambda: status_of(store, job_id) is JobStatus.RUNNING)
        getattr(own_redis, way)()
        # The run ends while Redis is away, and its worker notices.
        eventually(lambda: "job.not_settled_yet" in worker.log.read_text(), saying="The run did not end")
        (own_redis.resume if way == "pause" else own_redis.start)()
        back = time.monotonic()
        eventually(lambda: status_of(store, job_id) in FINAL, saying="The job did not end")
        assert (store.find(job_id).status, store.find(job_id).attempt) == (JobStatus.SUCCEEDED, 1)
        next_id = submitted(store).id
        eventually(lambda: status_of(store, next_id) is JobStatus.SUCCEEDED, saying="The worker did not resume")
        assert time.monotonic() - back < RESUME


def test_queued_jobs_outlive_a_redis_that_is_killed(
    outage_settings: Settings, own_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    store = Store(outage_settings)
    queued = [submitted(store).id for _ in range(50)]
    own_redis.kill()
    own_redis.start()
    with Worker(outage_settings, tmp_path):
        for job_id in queued:
            eventually(lambda job_id=job_id: status_of(store, job_id) is JobStatus.SUCCEEDED)


def test_a_full_redis_accepts_nothing_and_loses_nothing(
    outage_settings: Settings, own_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    store = Store(outage_settings)
    with Worker(outage_settings, tmp_path, concurrency=1) as worker:
        job_id = submitted(store, "nap", params={"seconds": 1}).id
        eventually(lambda: status_of(store, job_id) is JobStatus.RUNNING)
        store.redis.config_set("maxmemory", "1")
        with pytest.raises(StoreUnavailable, match="maxmemory"):
            submitted(store)
        eventually(lambda: "job.not_settled_yet" in worker.log.read_text(), saying="The run did not end")
        store.redis.config_set("maxmemory", "0")
        eventually(lambda: status_of(store, job_id) is JobStatus.SUCCEEDED)
    assert store.redis.zcard(store.keys.jobs) == 1


def test_a_read_only_redis_accepts_nothing_and_loses_nothing(
    outage_settings: Settings, own_redis: EmbeddedRedis
) -> None:
    store = Store(outage_settings)
    job_id = submitted(store).id
    store.redis.replicaof("127.0.0.1", "1")
    try:
        with pytest.raises(StoreUnavailable):
            submitted(store)
    finally:
        store.redis.replicaof("NO", "ONE")
    assert status_of(store, job_id) is JobStatus.QUEUED
