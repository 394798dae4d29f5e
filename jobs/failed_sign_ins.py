"""How often signing in has failed from where, so that nobody tries keys as fast as they can."""

from ipaddress import ip_address, ip_network
from typing import cast

from redis import Redis

from jobs.connection import reaching_redis
from jobs.keys import Keys

#: Failures after which a network waits.
MOST = 10

#: How long failures are counted from the first one on, and thus the longest wait, seconds.
WINDOW = 300

#: Bits of an IPv6 address that name a network; the others its owner chooses as they like.
_IPV6_NETWORK = 64


class FailedSignIns:
    """The counts of one service. Every method raises ``StoreUnavailable`` where Redis can't be used now."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def wait(self, address: str) -> int:
        """How long whoever is at this address has to wait before they try again, seconds; 0: they need not."""
        place = self._place(address)
        with reaching_redis(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.get(place)
            pipeline.ttl(place)
            failures, left = cast("tuple[bytes | None, int]", tuple(pipeline.execute()))
        return max(left, 1) if int(failures or 0) >= MOST else 0

    def note(self, address: str) -> None:
        """Counts a failure."""
        place = self._place(address)
        with reaching_redis(), self._redis.pipeline() as pipeline:
            pipeline.set(place, 0, ex=WINDOW, nx=True)
            pipeline.incr(place)
            pipeline.execute()

    def _place(self, address: str) -> str:
        return self._keys.failed_sign_ins(network_of(address))


def network_of(address: str) -> str:
    """Whom an address stands for: itself, of IPv6 its /64; all that is no address stands for the same."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, _IPV6_NETWORK), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
