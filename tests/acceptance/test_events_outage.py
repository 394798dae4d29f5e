"""Workers that tell what they do run jobs as others do though Redis was away, and go on telling."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flower_client import Flower
from processes import Worker, free_port
from redis import Redis
from submissions import submitted
from waiting import eventually

from jobs.errors import StoreUnavailable
from jobs.job import JobStatus
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress

pytestmark = pytest.mark.alone

#: How long it may take on a busy machine until all is as it was, seconds.
SOON = 90.0


@pytest.fixture
def own_redis() -> Iterator[EmbeddedRedis]:
    """A Redis to break. It answers once a write is on the disk; with `everysec` a slow disk may cost the last ones."""
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as folder:
        server = EmbeddedRedis(data_dir=Path(folder), address=RedisAddress(socket=Path(folder, "redis.sock")))
        with server:
            Redis.from_url(server.url).config_set("appendfsync", "always")
            yield server


def is_done(store: Store, job_id: str) -> bool:
    try:
        return store.find(job_id).status is JobStatus.SUCCEEDED
    except StoreUnavailable:
        return False


@pytest.mark.parametrize("way", ["kill", "pause"])
def test_jobs_run_and_are_shown_again_when_redis_is_back(
    settings: Settings, own_redis: EmbeddedRedis, tmp_path: Path, way: str
) -> None:
    settings = replace(
        settings, redis_url=own_redis.url, lease=30, redis_timeout=0.5, events=True, flower_port=free_port()
    )
    store = Store(settings)
    with Flower(settings, tmp_path) as flower, Worker(settings, tmp_path, concurrency=1) as worker:
        job_id = submitted(store, "nap", params={"seconds": 1.5}).id
        eventually(lambda: store.find(job_id).status is JobStatus.RUNNING, within=SOON)
        getattr(own_redis, way)()
        eventually(lambda: "job.not_settled_yet" in worker.log.read_text(), within=SOON, saying="The run did not end")
        (own_redis.resume if way == "pause" else own_redis.start)()
        eventually(lambda: is_done(store, job_id), within=SOON, saying="The job did not end")
        # Flower hears of what comes after its own way back.
        eventually(lambda: _is_shown(flower, store), within=SOON, saying="Flower shows no new job")
    store.redis.close()


def _is_shown(flower: Flower, store: Store) -> bool:
    """Whether Flower shows a job that is handed in now."""
    job_id = submitted(store).id
    eventually(lambda: is_done(store, job_id), within=SOON, saying="The worker did not resume")
    return flower.tasks().get(job_id, {}).get("state") == "SUCCESS"
