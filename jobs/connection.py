"""The connection to Redis: how it is made, and which of its errors mean that the store can't be used now."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError, TryAgainError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from jobs.errors import StoreUnavailable
from jobs.redis_url import RedisUrl, parse_redis_url
from jobs.sentinels import leader_pool
from jobs.settings import Settings

#: Connections that one process opens at most; more requests than that wait for one.
POOL_SIZE = 64

#: What each connection tells Redis of its client, where redis-py takes that: by itself it looks it up on disk for each
#: connection, which takes 1 ms. Older versions do so once.
_DRIVER = {"driver_info": import_module("redis.driver_info").DriverInfo()} if find_spec("redis.driver_info") else {}

#: Replies by which Redis says that it can't write now, by how they begin.
_REFUSALS = ("MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "UNBLOCKED")


def connect(settings: Settings) -> Redis:
    """A client whose every command ends within a time-out, or two where all connections are busy.

    It connects when it is first used.

    A command is tried once more on a fresh connection where the old one has died, as a pooled one may have unnoticed;
    never after a time-out, which would double it. Every script here bears being sent twice.

    The connections are the client's own, so its ``close`` closes them, which it would not do with a pool that it is
    merely given.
    """
    return Redis.from_pool(pool_of(settings.redis_url, timeout=settings.redis_timeout, size=POOL_SIZE))


def pool_of(url: str, *, timeout: float, size: int, retries: int = 1) -> BlockingConnectionPool:
    """At most so many connections, each of which connects and answers within ``timeout`` seconds.

    One that has died is made again up to ``retries`` times for a command.

    Raises:
        ValueError: the URL names no Redis.

    """
    told = parse_redis_url(url)
    options = {
        **told.login,
        **(told.tls or {}),
        "db": told.database,
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), retries, supported_errors=(RedisConnectionError,)),
        **_DRIVER,
    }
    if told.scheme == "sentinel":
        return leader_pool(told, timeout=timeout, size=size, options=options)
    kind, place = _server(told)
    return BlockingConnectionPool(  # type: ignore[no-untyped-call]
        connection_class=kind, max_connections=size, timeout=timeout, **place, **options
    )


def _server(told: RedisUrl) -> tuple[type[AbstractConnection], dict[str, object]]:
    """How one server is connected to, and where it is."""
    if told.scheme == "unix":
        return UnixDomainSocketConnection, {"path": told.path}
    ((host, port),) = told.nodes
    return SSLConnection if told.tls is not None else Connection, {"host": host, "port": port}


@contextmanager
def reaching_redis() -> Iterator[None]:
    """Turns what Redis can't do now into one error.

    Raises:
        StoreUnavailable: it is away, starting, full, read-only, or can't persist.

    """
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, OutOfMemoryError, ReadOnlyError, TryAgainError) as error:
        raise StoreUnavailable(str(error)) from error
    except ResponseError as error:
        if str(error).startswith(_REFUSALS) or _says_refused_inside_script(error):
            raise StoreUnavailable(str(error)) from error
        raise


def _says_refused_inside_script(error: RedisError) -> bool:
    """A command refused inside a script is told with the script's words around it."""
    return any(word in str(error) for word in ("OOM command not allowed", "READONLY", "MISCONF"))
