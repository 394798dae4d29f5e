"""Which files a service needs, by what its Redis knows: those of jobs and data sets, and what a sweep will delete."""

from collections.abc import Iterator
from itertools import islice
from typing import cast

import orjson
from redis import Redis

from jobs.connection import reaching_redis
from jobs.keys import Keys
from jobs.settings import Settings
from stack.backup.keys import namespaces

#: How many entries are read at once.
_AT_ONCE = 1000


def needed_files(redis: Redis, settings: Settings) -> set[str]:
    """The names of all files that anything in ``redis`` speaks of; another would never be used nor deleted.

    Raises:
        StoreUnavailable: it can't say.

    """
    names: set[bytes] = set()
    with reaching_redis():
        for namespace in namespaces(settings):
            keys = Keys(namespace)
            names.update(_due(redis, keys), _of_jobs(redis, keys), _of_datasets(redis, keys))
    return {name.decode() for name in names}


def _due(redis: Redis, keys: Keys) -> Iterator[bytes]:
    """Those that go at some time: of jobs that have ended, and of whoever was about to take them."""
    yield from (name for name, _ in redis.zscan_iter(keys.blobs, count=_AT_ONCE))


def _of_jobs(redis: Redis, keys: Keys) -> Iterator[bytes]:
    for *blobs, attached in _fields(redis, keys.record("*"), "data_blob", "result_blob", "attached"):
        yield from (blob for blob in blobs if blob)
        yield from (each["blob"].encode() for each in orjson.loads(attached or b"[]"))


def _of_datasets(redis: Redis, keys: Keys) -> Iterator[bytes]:
    yield from (blob for (blob,) in _fields(redis, keys.dataset_content("*"), "blob") if blob)


def _fields(redis: Redis, pattern: str, *fields: str) -> Iterator[list[bytes | None]]:
    """These fields of every hash whose key is like this."""
    hashes = redis.scan_iter(match=pattern, count=_AT_ONCE)
    while names := tuple(islice(hashes, _AT_ONCE)):
        with redis.pipeline(transaction=False) as reading:
            for name in names:
                reading.hmget(name, fields)
            yield from cast("list[list[bytes | None]]", reading.execute())
