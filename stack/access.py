"""What `coatcheck up` tells about who may use the API."""

import shlex
from dataclasses import replace

from jobs.errors import StoreUnavailable
from jobs.key_ring import opened_ring
from jobs.settings import Settings
from stack.address import Address, is_loopback
from stack.data_dir import DataDir


def access_line(settings: Settings, address: Address, *, redis_url: str, data_dir: DataDir) -> str:
    """Whether keys are asked for, how many there are in the Redis at ``redis_url``, or how the first one is made."""
    if settings.open and is_loopback(address.host):
        return "No API keys are asked for: only this machine can reach it."
    if settings.open:
        return "OPEN: whoever reaches this machine can use it, without API keys."
    count = _count(replace(settings, redis_url=redis_url))
    if count == 0:
        make = shlex.join(["coatcheck", "keys", "create", "--name", "me", "--data-dir", str(data_dir.root)])
        return f"API keys are asked for, and there are none yet: {make}"
    return "API keys are asked for." if count is None else f"API keys are asked for; there {_many(count)}."


def _count(settings: Settings) -> int | None:
    try:
        with opened_ring(settings) as ring:
            return ring.count_good()
    except StoreUnavailable:
        return None


def _many(count: int) -> str:
    return "is one" if count == 1 else f"are {count}"
