"""Commands on the connections of a pool, without the work that redis-py's client adds to each."""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, cast

import hiredis
from redis import ConnectionPool
from redis.connection import Connection
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

#: What a command consists of.
Argument = str | bytes | int | float
#: What Redis answers, as redis-py gives it.
Reply = bytes | int | None | list["Reply"]


#: What hiredis writes as it is.
_TEXTS = frozenset({str, bytes})


class _Connection(Protocol):
    """What is used of redis-py's connections, which have no types of their own."""

    retry: Retry

    def connect(self) -> None: ...
    def pack_command(self, *command: Argument) -> list[bytes]: ...
    def send_packed_command(self, command: list[bytes]) -> None: ...
    def read_response(self) -> Reply: ...
    def disconnect(self) -> None: ...


class Asking(Protocol):
    """What carries commands to Redis, and replies back."""

    def ask(self, *command: Argument) -> Reply:
        """The reply to the command; see :meth:`Wire.ask`."""
        ...


#: Makes it for the connections of a pool.
WireOf = Callable[[ConnectionPool], Asking]


class Wire:
    """Sends commands as they are and gives replies as they come."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def ask(self, *command: Argument) -> Reply:
        """The reply to the command, in one round trip; it may be sent again, as the pool's connections say.

        Raises:
            redis.exceptions.ConnectionError: Redis is away, or all connections are busy.
            redis.exceptions.TimeoutError: it didn't reply in time.
            redis.exceptions.ResponseError: it refused the command.

        """
        taken = take(self._pool)
        connection = cast("_Connection", taken)
        try:
            packed = connection.pack_command(*_packable(command))
            # The connection knows which errors are worth another try. It is closed then, and opens when it sends.
            return connection.retry.call_with_retry(partial(_exchange, connection, packed), _let_go)
        finally:
            self._pool.release(taken)


class KeptWire:
    """The same on connections that are kept, one for each thread that asks at the same time; usually that is one.

    A pool looks after a connection at each question, which takes it longer than the question itself. One that has died
    unnoticed is made again by the retry that every question has.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        #: Connections that nobody uses now, and the process that made each.
        self._idle: list[tuple[int, _Connection]] = []

    def ask(self, *command: Argument) -> Reply:
        """What :meth:`Wire.ask` says."""
        kept = self._taken()
        try:
            packed = [hiredis.pack_command(_packable(command))]  # type: ignore[arg-type]
            return kept.retry.call_with_retry(partial(_exchange, kept, packed), _let_go)
        finally:
            self._idle.append((os.getpid(), kept))

    def _taken(self) -> _Connection:
        here = os.getpid()
        while self._idle:
            with suppress(IndexError):
                made_by, kept = self._idle.pop()
                # A process that was forked from its maker would read the maker's replies.
                if made_by == here:
                    return kept
        return cast("_Connection", take(self._pool))


def _packable(command: tuple[Argument, ...]) -> tuple[str | bytes, ...]:
    """The command as texts: a signal whose handler raises while hiredis writes out a number would crash the process."""
    if _TEXTS.issuperset(map(type, command)):
        return cast("tuple[str | bytes, ...]", command)
    return tuple([part if isinstance(part, (str, bytes)) else str(part) for part in command])


def take(pool: ConnectionPool) -> Connection:
    """A connection of the pool that nobody else uses, until it is released; it is connected.

    Raises:
        redis.exceptions.ConnectionError: Redis is away, or all connections are busy.
        redis.exceptions.TimeoutError: it didn't reply in time.

    """
    try:
        return pool.get_connection()
    except RedisError:
        raise
    except BaseException:
        # Ended by a signal while it connected: the pool has the connection back with half of Redis' hello in it.
        pool.disconnect(inuse_connections=False)
        raise


def _exchange(connection: _Connection, packed: list[bytes]) -> Reply:
    try:
        # By itself sending would connect to where it was connected before; this asks the Sentinels who leads now.
        connection.connect()
        connection.send_packed_command(packed)
        return connection.read_response()
    except ResponseError:
        # This is the reply: nothing is left to read.
        raise
    except BaseException:
        # Whatever ended this, be it a signal between the two: who uses this connection next must not read our reply.
        connection.disconnect()
        raise


def _let_go(_error: Exception) -> None:
    """Nothing is left to close before another try."""
