"""Connections to Redis: what each of them costs before it is made."""

import pytest
from redis import Redis

from jobs.connection import connect, pool_of
from jobs.settings import Settings


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "unix:///nowhere?db=0"])
def test_what_redis_is_told_of_the_client_is_looked_up_once(url: str) -> None:
    pool = pool_of(url, timeout=1, size=2)
    first, second = pool.make_connection(), pool.make_connection()
    assert first is not second
    assert first.driver_info is second.driver_info
    assert first.driver_info.lib_version


def test_redis_is_told_of_the_client(settings: Settings) -> None:
    redis: Redis = connect(settings)
    assert redis.client_info()["lib-name"] == "redis-py"
    redis.close()
