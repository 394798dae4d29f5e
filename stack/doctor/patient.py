"""The patient: what every check looks at, read once from a service that runs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from redis.exceptions import ResponseError

from jobs.connection import reaching_redis
from jobs.internal import internal_settings
from jobs.roster import Member, Role, Roster
from jobs.settings import Settings
from jobs.store import Store


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A service whose Redis answers."""

    settings: Settings
    #: Its jobs.
    store: Store
    #: Its internal jobs.
    internal: Store
    #: What Redis says of itself (INFO); empty where that may not be asked.
    info: Mapping[str, object]
    #: The clock of this machine, Unix time in seconds.
    clock: Callable[[], float] = time.time

    def number(self, name: str) -> int | None:
        """A number of INFO; None where Redis does not say it."""
        value = self.info.get(name)
        return int(value) if isinstance(value, int | float) else None

    def text(self, name: str) -> str | None:
        """A word of INFO; None where Redis does not say it."""
        value = self.info.get(name)
        return None if value is None else str(value)

    def option(self, name: str) -> str | None:
        """A setting of Redis; None where CONFIG may not be asked, as with most managed ones.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        try:
            with reaching_redis():
                found = cast("dict[str, str]", self.store.redis.config_get(name))
        except ResponseError:
            return None
        return found.get(name)

    def members(self, *roles: Role) -> list[Member]:
        """The processes on the roster with these roles, with any where none is named.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        return Roster(self.store).members(*roles)

    def now(self) -> float:
        """The time of Redis' clock, Unix milliseconds.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        with reaching_redis():
            seconds, micros = self.store.redis.time()
        return seconds * 1000 + micros / 1000


def meet(settings: Settings) -> Patient:
    """The service with these settings, as it is now.

    Raises:
        StoreUnavailable: its Redis does not answer.

    """
    store = Store(settings)
    patient = Patient(settings=settings, store=store, internal=Store(internal_settings(settings)), info={})
    # Not PING: a Redis that can't write to its disk refuses that, too, and is to be looked at all the more.
    patient.now()
    return replace(patient, info=_info(store))


def _info(store: Store) -> Mapping[str, object]:
    try:
        with reaching_redis():
            return cast("Mapping[str, object]", store.redis.info())
    except ResponseError:
        return {}
