"""A real API and a real worker behind Sentinels: the leader dies in the midst of work, and the work ends."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from processes import Api, Worker
from redis_group import RedisGroup
from submissions import submitted
from waiting import eventually

from jobs.job import JobStatus
from jobs.settings import Settings
from jobs.store import Store

pytestmark = pytest.mark.alone

#: Within so many seconds of the leader's end jobs run again: another one leads, and the worker has found it.
RESUME = 30.0


@pytest.fixture
def group() -> Iterator[RedisGroup]:
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as folder, RedisGroup(Path(folder)) as running:
        yield running


@pytest.fixture
def group_settings(settings: Settings, group: RedisGroup) -> Settings:
    return replace(settings, redis_url=group.url, redis_timeout=0.4, lease=30)


def post(api: Api) -> int:
    """The status that a submission is answered with, or 0 for one that is not answered; none takes long."""
    asked = time.monotonic()
    answer = httpx.post(f"{api.url}/analysis/double/run", json={"params": {"number": 1}}, timeout=10)
    assert time.monotonic() - asked < 2.5
    return answer.status_code


def is_done(api: Api, job_id: str) -> bool:
    answer = httpx.get(f"{api.url}/jobs/{job_id}", timeout=10)
    assert answer.status_code in {200, 503}, answer.text
    return answer.status_code == 200 and answer.json()["status"] == JobStatus.SUCCEEDED


def test_what_was_accepted_before_the_leader_died_is_done_after(
    group: RedisGroup, group_settings: Settings, tmp_path: Path
) -> None:
    store = Store(group_settings)
    with Api(group_settings, tmp_path) as api, Worker(group_settings, tmp_path, concurrency=1) as worker:
        running = submitted(store, "nap", params={"seconds": 2}).id
        eventually(lambda: store.find(running).status is JobStatus.RUNNING)
        queued = [submitted(store).id for _ in range(5)]
        group.replicate()
        group.leader().kill()
        eventually(lambda: post(api) == 503, saying="Redis was not missed")
        eventually(lambda: post(api) == 202, within=RESUME, saying="The API did not find the next leader")
        for job_id in [running, *queued]:
            eventually(lambda job_id=job_id: is_done(api, job_id), within=RESUME, saying=f"{job_id} was not done")
        assert store.find(running).attempt == 1
        assert worker.running.poll() is None
    store.redis.close()
