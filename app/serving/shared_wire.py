"""Commands of all greenlets of a process on one connection: what is asked at about the same time is sent at once.

A pool gives each request a connection of its own, and with it a write, a wait and a read; under load these cost Redis
and this process more than the commands do. Redis answers the commands of a connection in their order
(https://redis.io/docs/latest/develop/use/pipelining/), so they can follow each other without waiting.
"""

import contextlib
import ssl
from collections import deque
from copy import copy
from functools import partial
from socket import socket
from time import monotonic
from typing import cast

import gevent
import hiredis
from gevent.hub import Waiter
from gevent.lock import BoundedSemaphore
from gevent.socket import wait_write
from redis import ConnectionPool
from redis.connection import AbstractConnection, DefaultParser
from redis.exceptions import ConnectionError as BrokenConnection
from redis.exceptions import InvalidResponse, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as NoReplyInTime
from redis.retry import Retry

from jobs.wire import Argument, Reply, Wire, take

#: Longest command that goes over the shared connection, bytes; others would wait behind a longer one.
LONGEST = 65536

#: Bytes that are read at once.
_PIECE = 65536

#: That there is something to read, as the loop calls it.
_READ = 1

#: How a socket says that it would have to wait.
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SharedWire:
    """Sends commands as they are and gives replies as they come, for the greenlets of one thread."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._alone = Wire(pool)
        self._hub = gevent.get_hub()
        self._link: _Link | None = None
        self._linking = BoundedSemaphore()
        #: How often it was tried to connect, and why the last try failed.
        self._tries = 0
        self._failure: RedisError | None = None
        self._timeout: float = pool.connection_kwargs["socket_timeout"]
        # The policy of all connections: which errors are worth another try.
        self._retry: Retry = pool.connection_kwargs["retry"]

    def ask(self, *command: Argument) -> Reply:
        """What :meth:`jobs.wire.Wire.ask` says."""
        packed = hiredis.pack_command(command)  # type: ignore[arg-type]
        if len(packed) > LONGEST or gevent.get_hub() is not self._hub:
            return self._alone.ask(*command)
        return self._retry.call_with_retry(partial(self._exchange, packed), _let_go)

    def _exchange(self, packed: bytes) -> Reply:
        link = self._link
        if link is None or link.is_broken:
            link = self._connected()
        return link.ask(packed)

    def _connected(self) -> "_Link":
        """The connection that all use: the first who needs it makes it, the others wait for what comes of that."""
        tried = self._tries
        with self._linking:
            if self._link is None or self._link.is_broken:
                if self._failure is not None and self._tries != tried:
                    # If each tried in turn, the last would wait for all of their time-outs.
                    raise copy(self._failure)
                self._link = self._connect()
            return self._link

    def _connect(self) -> "_Link":
        self._tries += 1
        try:
            link = _Link(self._pool, timeout=self._timeout)
        except RedisError as error:
            self._failure = error
            raise
        self._failure = None
        return link


class _Link:
    """One connection, as long as it holds. It is read and written in the hub's own callbacks: no greenlet lies between
    who asks and Redis.
    """

    def __init__(self, pool: ConnectionPool, *, timeout: float) -> None:
        """Connects; a reply that takes longer than ``timeout`` seconds ends the connection."""
        self._pool = pool
        self._timeout = timeout
        # The pool knows how to connect: to whom, by which user, and to which database.
        self._connection = take(pool)
        self._socket = cast("socket", cast("AbstractConnection", self._connection)._sock)
        # Nothing here may wait: callbacks of the hub can't.
        self._socket.settimeout(0.0)
        self._reader = hiredis.Reader(protocolError=InvalidResponse, replyError=DefaultParser.parse_error)
        #: Who waits for a reply, and since when, in the order of the commands.
        self._waiting: deque[tuple[float, Waiter]] = deque()
        #: What is sent next, and whether something is sent already in this turn of the loop.
        self._out: list[bytes] = []
        self._is_busy = False
        #: Whether the connection can't be used any more.
        self.is_broken = False
        self._loop = gevent.get_hub().loop
        self._readable = self._loop.io(self._socket.fileno(), _READ)
        self._readable.start(self._listen)
        gevent.spawn(self._watch)

    def ask(self, packed: bytes) -> Reply:
        """The reply to the command.

        Raises:
            redis.exceptions.ConnectionError: the connection broke.
            redis.exceptions.TimeoutError: there was no reply in time.
            redis.exceptions.ResponseError: Redis refused the command.

        """
        if self.is_broken:
            raise BrokenConnection("The connection broke.")
        waiter = Waiter()
        self._waiting.append((monotonic(), waiter))
        self._out.append(packed)
        if not self._is_busy:
            # Redis begins with the first command; those that others have in this turn of the loop are sent together.
            self._is_busy = True
            self._send()
        said: Reply | RedisError = waiter.get()
        if isinstance(said, RedisError):
            if isinstance(said, ReadOnlyError):
                # Another Redis has taken over; the next connection may find it.
                self.close(said)
            raise said
        return said

    def close(self, reason: RedisError) -> None:
        """Gives the connection up; whoever waits is told the reason."""
        if self.is_broken:
            return
        self.is_broken = True
        self._readable.stop()
        self._readable.close()
        with contextlib.suppress(OSError):
            self._connection.disconnect()
        self._pool.release(self._connection)
        while self._waiting:
            # An error of one's own: each that is raised gathers its own traceback.
            self._loop.run_callback(self._waiting.popleft()[1].switch, copy(reason))

    def _watch(self) -> None:
        """Ends the connection when a reply takes too long; a time-out of each wait would cost more than the command."""
        while not self.is_broken:
            gevent.sleep(self._timeout / 8)
            if self._waiting and monotonic() - self._waiting[0][0] > self._timeout:
                self.close(NoReplyInTime("Timeout reading from socket"))

    def _send(self) -> None:
        """Sends what there is, and looks again in the next turn of the loop, until there was nothing."""
        if self.is_broken:
            return
        rest = b"".join(self._out)
        self._out.clear()
        try:
            rest = rest[self._socket.send(rest) :]
        except _NOT_NOW:
            pass
        except OSError as error:
            self.close(BrokenConnection(str(error)))
            return
        if rest:
            self._out.append(rest)
            gevent.spawn(self._send_later)
        else:
            self._loop.run_callback(self._end_turn)

    def _send_later(self) -> None:
        """Goes on once the connection takes more; it is full when Redis is slower than those who ask."""
        try:
            wait_write(self._socket.fileno(), timeout=self._timeout, timeout_exc=NoReplyInTime("Timeout writing"))
        except (OSError, ValueError, NoReplyInTime) as error:
            self.close(error if isinstance(error, RedisError) else BrokenConnection(str(error)))
        self._send()

    def _end_turn(self) -> None:
        if self._out:
            self._send()
        else:
            self._is_busy = False

    def _listen(self) -> None:
        """Called back when there is something to read."""
        try:
            while piece := self._socket.recv(_PIECE):
                self._reader.feed(piece)
                self._hand_out()
                if self.is_broken or (len(piece) < _PIECE and not self._has_more()):
                    return
            reason = BrokenConnection("Connection closed by server.")
        except _NOT_NOW:
            return
        except (OSError, InvalidResponse) as error:
            reason = BrokenConnection(str(error))
        self.close(reason)

    def _has_more(self) -> bool:
        """Whether TLS has read more than it has given; the loop would not tell of that."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def _hand_out(self) -> None:
        # hiredis says False where no reply is complete; Redis itself says 0.
        while not self.is_broken and (reply := self._reader.gets()) is not False:
            # What Redis pushes (RESP 3) answers nobody.
            if not isinstance(reply, hiredis.PushNotification):
                self._waiting.popleft()[1].switch(reply)


def _let_go(_error: Exception) -> None:
    """Nothing is left to close before another try."""
