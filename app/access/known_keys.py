"""The API keys that this process has read lately, so that a request costs no round trip to Redis for its key."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from jobs.api_keys import ApiKey
from jobs.errors import StoreUnavailable

#: How long what was read of a key is trusted, seconds: so long a revoked one may go on.
TRUSTED = 5.0

#: How long it is trusted that there is no key of an id, seconds.
UNKNOWN_TRUSTED = 1.0

#: How long it may be used at most, where Redis does not say anything newer, seconds.
LONGEST = 10.0

#: How many keys, and how many ids without one, are remembered at most; those that were read longest ago go first.
MOST = 10_000


@dataclass(frozen=True)
class _Known:
    #: None: there is no key of this id.
    key: ApiKey | None
    #: When it was read at the latest, seconds of the clock.
    read: float
    #: Until when nobody asks again, seconds of the clock.
    until: float


class KnownKeys:
    """The keys by their ids, as ``read`` finds them."""

    def __init__(self, read: Callable[[str], ApiKey | None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._keys: dict[str, _Known] = {}
        # Apart, so that a flood of invented ids does not push out the keys in use.
        self._unknown: dict[str, _Known] = {}

    def find(self, key_id: str) -> ApiKey | None:
        """The key of this id, None where there is none, as it was at most 10 s ago.

        Raises:
            StoreUnavailable: nothing that recent is known, and Redis can't say now.

        """
        now = self._clock()
        known = self._keys.get(key_id) or self._unknown.get(key_id)
        if known is None or now - known.read >= LONGEST:
            return self._ask(key_id, now)
        if now < known.until:
            return known.key
        # First prolonged, then read: of many requests at once only one asks, the others go by the old one.
        self._note(key_id, replace(known, until=now + _trust_in(known.key)))
        try:
            return self._ask(key_id, now)
        except StoreUnavailable:
            return known.key

    def _ask(self, key_id: str, now: float) -> ApiKey | None:
        key = self._read(key_id)
        self._note(key_id, _Known(key, now, now + _trust_in(key)))
        return key

    def _note(self, key_id: str, known: _Known) -> None:
        self._keys.pop(key_id, None)
        self._unknown.pop(key_id, None)
        notes = self._unknown if known.key is None else self._keys
        notes[key_id] = known
        if len(notes) > MOST:
            del notes[next(iter(notes))]


def _trust_in(key: ApiKey | None) -> float:
    return UNKNOWN_TRUSTED if key is None else TRUSTED
