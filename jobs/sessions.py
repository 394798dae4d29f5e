"""The sessions of browsers that have signed in with an API key; how often that failed lately is in ``failed_sign_ins``.

A session is 256 random bits that only the browser has; Redis has their SHA-256, and the id of the key. Whether that key
is still good is asked for each request, so a session ends with its key.
"""

import secrets
from hashlib import sha256
from typing import cast

from redis import Redis

from jobs.connection import reaching_redis
from jobs.keys import Keys

#: Random bytes of a session.
_BYTES = 32


class Sessions:
    """The sessions of one service. Every method raises ``StoreUnavailable`` where Redis can't be used now."""

    def __init__(self, redis: Redis, keys: Keys, *, ttl: float) -> None:
        """``ttl`` is how long a session lasts, seconds."""
        self._redis = redis
        self._keys = keys
        self._ttl = ttl

    def begin(self, key_id: str) -> str:
        """A new session of whoever has this key: what the browser is to show from now on."""
        session = secrets.token_urlsafe(_BYTES)
        with reaching_redis():
            self._redis.set(self._place(session), key_id, px=round(self._ttl * 1000))
        return session

    def key_id(self, session: str) -> str | None:
        """The id of the key that the session was begun with; None where there is no such session, or no longer."""
        with reaching_redis():
            found = cast("bytes | None", self._redis.get(self._place(session)))
        return None if found is None else found.decode()

    def end(self, session: str) -> None:
        """Ends it for good, if it is any."""
        with reaching_redis():
            self._redis.delete(self._place(session))

    def _place(self, session: str) -> str:
        return self._keys.session(sha256(session.encode()).hexdigest())
