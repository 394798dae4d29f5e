"""Redis away, hanging and back: the API says so within 2 s and works again by itself."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from waiting import eventually
from walking import NOBODY, hand_in, poll, slug
from werkzeug.test import TestResponse

from app.factory import create_app
from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis, RedisAddress

REQUESTS: list[Callable[[FlaskClient], TestResponse]] = [
    lambda client: client.post("/analysis/double/run", json={"params": {"number": 1}}),
    lambda client: client.get(f"/queuedResource/{NOBODY}/status"),
    lambda client: client.get(f"/resource/{NOBODY}/result"),
    lambda client: client.get(f"/jobs/{NOBODY}"),
    lambda client: client.delete(f"/jobs/{NOBODY}"),
]


@pytest.fixture
def own_redis() -> Iterator[EmbeddedRedis]:
    """A Redis that the test may stop."""
    with (
        tempfile.TemporaryDirectory(prefix="coatcheck-") as folder,
        EmbeddedRedis(data_dir=Path(folder), address=RedisAddress(socket=Path(folder, "redis.sock"))) as server,
    ):
        yield server


@pytest.fixture
def app(own_redis: EmbeddedRedis, settings: Settings) -> Iterator[Flask]:
    made = create_app(replace(settings, redis_url=own_redis.url))
    yield made
    made.extensions["coatcheck"].store.redis.close()


@pytest.mark.parametrize("request_", REQUESTS, ids=["submit", "poll", "result", "show", "cancel"])
@pytest.mark.parametrize("outage", ["kill", "pause"])
def test_without_redis_every_request_is_503_within_2_s(
    client: FlaskClient, own_redis: EmbeddedRedis, outage: str, request_: Callable[[FlaskClient], TestResponse]
) -> None:
    hand_in(client)
    getattr(own_redis, outage)()
    began = time.monotonic()
    answer = request_(client)
    took = time.monotonic() - began
    if outage == "pause":
        own_redis.resume()
    assert (answer.status_code, slug(answer), answer.headers["Retry-After"]) == (503, "store-unavailable", "1")
    assert took < 2


def test_without_redis_the_service_is_not_ready_and_says_why(client: FlaskClient, own_redis: EmbeddedRedis) -> None:
    own_redis.kill()
    answer = client.get("/readyz")
    assert (answer.status_code, slug(answer)) == (503, "not-ready")
    assert answer.json["checks"]["redis"]


def test_without_redis_the_process_lives(client: FlaskClient, own_redis: EmbeddedRedis) -> None:
    own_redis.kill()
    assert client.get("/livez").json == {"status": "alive"}


def test_without_redis_the_catalog_is_there(client: FlaskClient, own_redis: EmbeddedRedis) -> None:
    own_redis.kill()
    assert client.get("/analysis/double").json["typical_seconds"] is None


def test_a_job_is_there_again_when_redis_is(client: FlaskClient, own_redis: EmbeddedRedis) -> None:
    job_id = hand_in(client)
    own_redis.stop()
    refused = poll(client, job_id).status_code
    own_redis.start()
    eventually(lambda: poll(client, job_id).status_code == 202)
    assert refused == 503


def test_a_redis_without_memory_is_told_as_503(client: FlaskClient, app: Flask) -> None:
    redis = app.extensions["coatcheck"].store.redis
    redis.config_set("maxmemory", 1)
    answer = client.post("/analysis/double/run", json={"params": {"number": 1}})
    assert (answer.status_code, slug(answer)) == (503, "store-unavailable")
