"""The secrets that webhooks are signed with: one a caller, and for a day the one before it."""

import base64
import secrets
from dataclasses import dataclass
from typing import cast

from jobs.connection import reaching_redis
from jobs.store import Store

#: How long a secret that was replaced signs as well, seconds.
OVERLAP = 24 * 3600

#: Bytes of a secret; Standard Webhooks asks for 24 to 64.
_SIZE = 32


@dataclass(frozen=True, kw_only=True)
class Secret:
    """What a caller's webhooks are signed with."""

    #: ``whsec_`` and base64, as the libraries of Standard Webhooks take it.
    text: str
    #: The secret before, or "".
    previous: str = ""
    #: Until when the one before signs as well, Unix time in milliseconds; None where there is none.
    previous_until: int | None = None


class Secrets:
    """The secrets of every caller.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, caller: str) -> Secret:
        """The caller's secret; made when it is first asked for.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        key = self._store.keys.webhook_secrets
        with reaching_redis(), self._store.redis.pipeline() as pipeline:
            # Of all who make the first one, one's is kept and everybody reads it.
            pipeline.hsetnx(key, caller, _new())
            pipeline.hget(key, caller)
            pipeline.time()
            _, written, (seconds, _) = cast("tuple[int, bytes, tuple[int, int]]", pipeline.execute())
        return _read(written, now=seconds * 1000)

    def rotate(self, caller: str) -> Secret:
        """Makes a new secret; the one that was current signs as well for a day.

        Raises:
            StoreUnavailable: Redis can't change it now.

        """
        self.find(caller)
        written = self._store.scripts.run(
            "rotate_secret", [self._store.keys.webhook_secrets], [caller, _new(), OVERLAP * 1000]
        )
        return _read(cast("bytes", written), now=0)


def _new() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SIZE)).decode()}"


def _read(written: bytes, *, now: int) -> Secret:
    text, *before = written.decode().split()
    if not before or int(before[1]) <= now:
        return Secret(text=text)
    return Secret(text=text, previous=before[0], previous_until=int(before[1]))
