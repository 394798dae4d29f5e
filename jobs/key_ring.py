"""The API keys of one service in Redis: made, found, listed, revoked; what a key is stands in ``api_keys``."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from redis import Redis

from jobs.api_keys import ApiKey, Scope, key_of, new_key, record_of
from jobs.connection import connect, reaching_redis
from jobs.keys import Keys
from jobs.settings import Settings

_DAY = 24 * 3600 * 1000


class KeyRing:
    """The keys below one namespace. Every method raises ``StoreUnavailable`` where Redis can't be used now."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._place = keys.api_keys

    def make(
        self, name: str, scopes: Iterable[Scope], *, days: float | None = None, rate: int | None = None
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is kept nowhere; it is good for ``days``, or until it is revoked.

        Raises:
            ValueError: the name or the scopes can't be; one line that says what can.

        """
        now = self._now()
        expires = None if days is None else now + round(days * _DAY)
        key, text = new_key(name, scopes, created=now, expires=expires, rate=rate)
        self._keep(key)
        return key, text

    def find(self, key_id: str) -> ApiKey | None:
        """The key of this id, good or not; None where there is none."""
        with reaching_redis():
            record = cast("bytes | None", self._redis.hget(self._place, key_id))
        return None if record is None else key_of(key_id, record)

    def all(self) -> list[ApiKey]:
        """Every key that was ever made, oldest first."""
        with reaching_redis():
            records = cast("dict[bytes, bytes]", self._redis.hgetall(self._place))
        found = [key_of(key_id.decode(), record) for key_id, record in records.items()]
        return sorted(found, key=lambda key: (key.created, key.id))

    def count_good(self) -> int:
        """How many keys open something now."""
        now = self._now()
        return sum(key.is_good(now) for key in self.all())

    def revoke(self, key_id: str) -> ApiKey | None:
        """Ends a key for good and gives it as it is then; None where there is none of this id.

        It reads, then writes: nothing else of a record ever changes, so two that revoke at once do the same.
        """
        key = self.find(key_id)
        if key is None or key.revoked is not None:
            return key
        revoked = replace(key, revoked=self._now())
        self._keep(revoked)
        return revoked

    def _keep(self, key: ApiKey) -> None:
        with reaching_redis():
            self._redis.hset(self._place, key.id, record_of(key))

    def _now(self) -> int:
        with reaching_redis():
            seconds, micros = self._redis.time()
        return seconds * 1000 + micros // 1000


@contextmanager
def opened_ring(settings: Settings) -> Iterator[KeyRing]:
    """The keys of the service with these settings, on a connection of its own, for whoever serves no requests."""
    redis = connect(settings)
    try:
        yield KeyRing(redis, Keys(settings.namespace))
    finally:
        redis.close()
