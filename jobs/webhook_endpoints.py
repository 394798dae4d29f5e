"""The endpoints that want no more webhooks: they said so by 410, and stay disabled until their caller enables them."""

from dataclasses import dataclass
from typing import cast

from jobs.connection import reaching_redis
from jobs.store import Store

#: How many disabled endpoints of a caller are remembered, the latest ones.
MOST = 1000

#: How long a caller's disabled endpoints are remembered after the last change, seconds.
REMEMBERED = 365 * 24 * 3600


@dataclass(frozen=True)
class Disabled:
    """An endpoint that is called no more."""

    url: str
    #: Unix time in milliseconds of Redis' clock.
    since: int


class Endpoints:
    """The disabled endpoints of every caller."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def disabled(self, caller: str) -> list[Disabled]:
        """The caller's disabled endpoints, the latest first.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        with reaching_redis():
            found = self._store.redis.zrange(self._key(caller), 0, -1, desc=True, withscores=True)
        return [Disabled(url.decode(), int(since)) for url, since in cast("list[tuple[bytes, float]]", found)]

    def is_disabled(self, caller: str, url: str) -> bool:
        """Whether this endpoint is called no more.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        with reaching_redis():
            return self._store.redis.zscore(self._key(caller), url) is not None

    def disable(self, caller: str, url: str) -> None:
        """Remembers that this endpoint wants no more calls.

        Raises:
            StoreUnavailable: Redis can't note it now.

        """
        key = self._key(caller)
        with reaching_redis(), self._store.redis.pipeline() as pipeline:
            seconds, micros = self._store.redis.time()
            pipeline.zadd(key, {url: seconds * 1000 + micros // 1000}, nx=True)
            pipeline.zremrangebyrank(key, 0, -MOST - 1)
            pipeline.expire(key, REMEMBERED)
            pipeline.execute()

    def enable(self, caller: str, url: str) -> None:
        """Lets the endpoint be called again; one that was never disabled is no error.

        Raises:
            StoreUnavailable: Redis can't note it now.

        """
        with reaching_redis():
            self._store.redis.zrem(self._key(caller), url)

    def _key(self, caller: str) -> str:
        return self._store.keys.webhooks_disabled(caller)
