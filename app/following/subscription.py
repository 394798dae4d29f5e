"""The one connection of this process on which Redis tells what happens to jobs; others read what it hears."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable

import structlog
from redis import Redis
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as BrokenConnection
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

#: Silence after which the connection is asked whether it is still there, seconds.
QUIET = 10.0

#: Bounds of the wait before the next try to connect, seconds.
SOONEST, LATEST = 0.1, 2.0


class Subscription:
    """Channels that are listened to, over one connection that is made anew whenever it breaks."""

    def __init__(
        self, redis: Redis, *, heard: Callable[[str, bytes], None], confirmed: Callable[[str | None], None]
    ) -> None:
        """What Redis says on a channel goes to ``heard``; ``confirmed`` is told of a channel from when on nothing is
        missed there, and of None when the connection broke and all channels have to be confirmed again.
        """
        pool = redis.connection_pool
        self._make = pool.connection_class
        # The time-out is for connecting and for what has begun to come; silence is waited for before anything is read.
        # RESP 3 would mix replies and messages.
        self._options = {**pool.connection_kwargs, "health_check_interval": 0, "protocol": 2}
        self._heard = heard
        self._confirmed = confirmed
        self._lock = threading.Lock()
        self._wanted: set[str] = set()
        #: Subscriptions that were sent and not confirmed yet, by channel.
        self._sent: Counter[str] = Counter()
        self._connection: AbstractConnection | None = None
        self._listener: threading.Thread | None = None
        self._closed = threading.Event()

    def add(self, channel: str) -> None:
        """Listens to a channel, from its confirmation on."""
        with self._lock:
            self._wanted.add(channel)
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="subscription", daemon=True)
                self._listener.start()
            self._send("SUBSCRIBE", channel)

    def remove(self, channel: str) -> None:
        """Listens to it no longer."""
        with self._lock:
            self._wanted.discard(channel)
            self._send("UNSUBSCRIBE", channel)

    def close(self) -> None:
        """Listens to nothing any more."""
        self._closed.set()
        self._disconnect()

    def _send(self, command: str, *channels: str) -> None:
        """Sends it if there is a connection; a new one begins with all channels anyway. Called with the lock held."""
        if self._connection is None or not self._connection.is_connected:
            return
        if command == "SUBSCRIBE":
            self._sent.update(channels)
        try:
            self._connection.send_command(command, *channels)
        except (RedisError, OSError):
            # The listener reads on it and makes a new one.
            self._connection = None

    def _listen(self) -> None:
        pause = SOONEST
        while not self._closed.is_set():
            try:
                self._connect()
                pause = SOONEST
                self._read()
            except (RedisError, OSError) as error:
                self._tell_lost(str(error))
            except Exception:
                # Whoever closes it, or fails to send, takes the socket away under the listener, in the midst of a call.
                if self._connection is None:
                    self._tell_lost("the connection was closed")
                else:
                    log.exception("subscription.failed")
            self._disconnect()
            self._closed.wait(pause)
            pause = min(2 * pause, LATEST)

    def _tell_lost(self, reason: str) -> None:
        if not self._closed.is_set():
            log.info("subscription.lost", reason=reason)

    def _connect(self) -> None:
        connection = self._make(**self._options)
        connection.connect()
        connection.register_connect_callback(self._refuse)
        with self._lock:
            self._sent.clear()
            self._connection = connection
            if self._wanted:
                self._send("SUBSCRIBE", *sorted(self._wanted))

    def _refuse(self, connection: AbstractConnection) -> None:
        """redis-py connects again by itself whoever uses a connection that broke; Redis would tell nothing on that one.

        Raises:
            redis.exceptions.ConnectionError: always.

        """
        connection.disconnect()
        raise BrokenConnection("The connection broke.")

    def _read(self) -> None:
        """Hands on what comes, until the connection breaks or the subscription is closed."""
        connection = self._connection
        quiet = False
        while connection is not None and not self._closed.is_set():
            if self._connection is not connection or not connection.is_connected:
                raise OSError("The connection broke")
            if not connection.can_read(timeout=QUIET):
                if quiet:
                    raise OSError("Redis did not answer")
                connection.send_command("PING")
                quiet = True
                continue
            quiet = False
            self._take(connection.read_response())

    def _take(self, told: object) -> None:
        match told:
            case [b"message", bytes(channel), bytes(entry)]:
                self._heard(channel.decode(), entry)
            case [b"subscribe", bytes(channel), _]:
                self._note_confirmed(channel.decode())

    def _note_confirmed(self, channel: str) -> None:
        with self._lock:
            self._sent[channel] -= 1
            if self._sent[channel] > 0:
                # It was left and joined again; only the last word counts.
                return
            del self._sent[channel]
        self._confirmed(channel)

    def _disconnect(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.disconnect()
        self._confirmed(None)
