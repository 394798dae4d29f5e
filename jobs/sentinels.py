"""Redis behind Sentinels: a pool whose connections go to the server that leads when they are made.

Source: https://redis.io/docs/latest/develop/reference/sentinel-clients/.
"""

from collections.abc import Mapping
from typing import Any, cast

from redis import BlockingConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from jobs.redis_url import RedisUrl

#: Least time-out of a question to one Sentinel, seconds; where there are many of them, they share Redis' time-out.
SHORTEST = 0.2


class LeaderPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to whichever server leads; who wants more of them than there may be waits for one."""

    sentinel_manager: "Watch"

    def close(self) -> None:
        """Closes them, and those to the Sentinels."""
        super().close()
        self.sentinel_manager.close()


class Watch(Sentinel):
    """The Sentinels of one master, asked one after the other, the one that knew it last first.

    redis-py remembers that one by swapping it to the front of its list. Two threads that swap at once may each
    overwrite a Sentinel, which is never asked again; this list never changes.
    """

    def __init__(self, url: RedisUrl, *, timeout: float) -> None:
        super().__init__(list(url.nodes), sentinel_kwargs=sentinel_options(url, timeout=timeout))  # type: ignore[no-untyped-call]
        self._all = tuple(self.sentinels)
        self._first = 0

    def close(self) -> None:
        """Closes the connections to the Sentinels."""
        for each in self._all:
            each.close()

    def discover_master(self, service_name: str) -> tuple[str, int]:
        """The host and port of the server that leads.

        Raises:
            redis.exceptions.TimeoutError: no Sentinel knows one now. Not the connection error of redis-py, which is
                tried again at once, by each of those who use the connection: a new leader is not chosen as fast.

        """
        reasons = []
        for asked in range(self._first, self._first + len(self._all)):
            place = asked % len(self._all)
            try:
                known = cast("dict[str, dict[str, Any]]", self._all[place].sentinel_masters())
            except (RedisConnectionError, RedisTimeoutError) as error:
                reasons.append(str(error))
                continue
            state = known.get(service_name)
            if state and self.check_master_state(state, service_name):  # type: ignore[no-untyped-call]
                self._first = place
                return state["ip"], state["port"]
        raise RedisTimeoutError(". ".join([f"No Sentinel knows a leader of {service_name} now", *reasons]))


def leader_pool(url: RedisUrl, *, timeout: float, size: int, options: Mapping[str, object]) -> LeaderPool:
    """A pool of at most so many connections; ``options`` are those of each."""
    return LeaderPool(  # type: ignore[no-untyped-call]
        url.master,
        Watch(url, timeout=timeout),
        ssl=url.tls is not None,
        max_connections=size,
        timeout=timeout,
        **options,
    )


def sentinel_options(url: RedisUrl, *, timeout: float) -> dict[str, object]:
    """How a Sentinel is talked to: all of them together take not much longer than Redis may; each is asked once."""
    share = max(SHORTEST, timeout / len(url.nodes))
    return {
        **url.sentinel_login,
        **({"ssl": True, **url.tls} if url.tls is not None else {}),
        "socket_timeout": share,
        "socket_connect_timeout": share,
        "retry": Retry(NoBackoff(), 0),
    }
