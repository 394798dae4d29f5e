"""The scene of a run: what the monkey can reach, and what it leaves behind."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chaos.customer import Customer
from chaos.installation import Installation
from chaos.plan import Fault
from jobs.errors import JobsError
from jobs.store import Store

T = TypeVar("T")

#: How long the monkey waits for something to hit, seconds.
PATIENCE = 10.0


@dataclass(kw_only=True)
class Wound:
    """One fault as it was dealt."""

    fault: Fault
    #: When, Unix time in milliseconds.
    at: int
    #: The first process of the worker whose jobs are hit; 0: no worker was.
    worker: int = 0
    #: The one job that is hit, where it is one.
    job: str = ""
    #: Seconds until the API took jobs again; None where nobody asked.
    served_after: float | None = None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What there is to break."""

    installation: Installation
    store: Store
    customer: Customer
    #: Only one at a time breaks Redis.
    redis_is_broken: asyncio.Lock


async def eventually(look: Callable[[], T | None]) -> T:
    """What ``look`` finds as soon as it finds something; it finds nothing while Redis is away.

    Raises:
        TimeoutError: it found nothing for too long.

    """
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                found = look()
            except JobsError:
                found = None
            if found is not None:
                return found
            await asyncio.sleep(0.02)


def chosen(among: Sequence[T], chance: float) -> T | None:
    """One of them, by a share from 0 to 1; None if there is none."""
    return among[int(chance * len(among))] if among else None
