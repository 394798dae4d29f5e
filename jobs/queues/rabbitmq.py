"""One connection of this process to RabbitMQ: it publishes what RabbitMQ then confirms, and asks how much waits.

Whatever RabbitMQ does, each call ends in time; after a failure it is left alone for a while.
Sources: https://www.rabbitmq.com/docs/confirms and https://docs.celeryq.dev/projects/amqp/.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import structlog
from amqp import Channel, Connection, Message  # type: ignore[import-untyped]
from amqp.exceptions import AMQPError  # type: ignore[import-untyped]

from jobs.broker_url import BrokerUrl
from jobs.job import STEPS

log = structlog.get_logger(__name__)

#: Longest that RabbitMQ may take to connect, to answer, and to confirm what was published, seconds each. Who submits a
#: job waits for it, so it is short; a message that is confirmed too late is brought on again, which does no harm.
TIMEOUT = 0.8

#: How long a connection may be unheard of before it is asked whether it still holds, seconds. It may have died without
#: a word: a firewall forgets those that are idle, a machine that is switched off says no farewell.
UNHEARD = 0.5

#: How long the answer to that may take, seconds; then another connection is made.
PROBE = 0.3

#: How long it is left alone after a failure, seconds: who submits a job shall not wait for it again and again.
PAUSE = 5.0

#: How a queue is declared by whoever publishes or consumes; RabbitMQ refuses those who differ.
ARGUMENTS = {"x-max-priority": len(STEPS) - 1}


def priority_of(step: int) -> int:
    """A step as RabbitMQ counts: the greatest is taken first."""
    return len(STEPS) - 1 - step


class BrokerUnavailable(Exception):
    """RabbitMQ can't be reached now, or does not answer."""


class Mailbox:
    """The queue of this name at RabbitMQ. One thread at a time may use it."""

    def __init__(self, url: BrokerUrl, name: str) -> None:
        self._url = url
        self._name = name
        self._link: _Link | None = None
        self._left_alone_until = 0.0

    def reach(self) -> None:
        """Connects, unless it is connected; a connection that was not heard of for a while proves first that it holds.

        It takes no longer than ``PROBE`` and one ``TIMEOUT`` with a RabbitMQ that hangs.

        Raises:
            BrokerUnavailable: it can't now.

        """
        if self._link is not None and not self._link.holds():
            log.info("broker.connection_lost")
            self.close()
        self._linked()

    def publish(self, messages: Sequence[Message]) -> None:
        """Returns once RabbitMQ has confirmed all of them: they are in the queue, and on its disk.

        Raises:
            BrokerUnavailable: it has not; some of them may be there all the same.

        """
        link = self._linked()
        with self._failing():
            link.publish(messages)

    def waiting(self) -> int:
        """How many messages wait in the queue, those not counted that a worker has taken.

        Raises:
            BrokerUnavailable: it can't be asked now.

        """
        link = self._linked()
        with self._failing():
            return link.count()

    def close(self) -> None:
        """Lets the connection go."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _linked(self) -> "_Link":
        if self._link is not None and self._link.is_connected:
            return self._link
        if time.monotonic() < self._left_alone_until:
            raise BrokerUnavailable("RabbitMQ was away a moment ago.")
        self.close()
        with self._failing():
            self._link = _Link(self._url, self._name)
        return self._link

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (AMQPError, OSError) as error:
            self.close()
            self._left_alone_until = time.monotonic() + PAUSE
            log.warning("broker.unavailable", error=str(error) or type(error).__name__, again_in=PAUSE)
            raise BrokerUnavailable(str(error)) from error


class _Link:
    """One connection, as long as it holds."""

    def __init__(self, url: BrokerUrl, name: str) -> None:
        self._name = name
        self._connection = Connection(
            host=url.place,
            userid=url.username,
            password=url.password,
            login_method="PLAIN",
            virtual_host=url.virtual_host,
            ssl=dict(url.tls) if url.tls is not None else False,
            connect_timeout=TIMEOUT,
            read_timeout=TIMEOUT,
            write_timeout=TIMEOUT,
        )
        #: When RabbitMQ has answered last, monotonic.
        self._heard = 0.0
        #: Messages that were published and not confirmed yet, by their number on this connection.
        self._unconfirmed: set[int] = set()
        self._published = 0
        try:
            self._channel = self._opened()
        except BaseException:
            self.close()
            raise

    @property
    def is_connected(self) -> bool:
        """Whether nothing has been seen to break it."""
        return bool(self._connection.connected)

    def publish(self, messages: Sequence[Message]) -> None:
        """Returns once all of them are confirmed."""
        for message in messages:
            self._published += 1
            self._unconfirmed.add(self._published)
            # Mandatory: it comes back where somebody has deleted the queue.
            self._channel.basic_publish(message, routing_key=self._name, mandatory=True)
        ends = time.monotonic() + TIMEOUT
        while self._unconfirmed:
            # A time-out of 0 would be none.
            self._connection.drain_events(timeout=max(0.001, ends - time.monotonic()))
        self._heard = time.monotonic()

    def count(self) -> int:
        """How many messages are ready to be taken."""
        return self._counted(within=TIMEOUT)

    def holds(self) -> bool:
        """Whether RabbitMQ was heard of just now, or answers at once when it is asked."""
        if not self.is_connected:
            return False
        if time.monotonic() - self._heard < UNHEARD:
            return True
        try:
            self._counted(within=PROBE)
        except (AMQPError, OSError):
            return False
        return True

    def close(self) -> None:
        """Closes the socket; a farewell would wait for its answer."""
        with suppress(AMQPError, OSError):
            if self.is_connected:
                # TLS says farewell by itself; so it does not wait for the answer.
                self._connection.transport.sock.settimeout(0)
            self._connection.collect()

    def _opened(self) -> Channel:
        self._connection.connect()
        with self._connection.transport.having_timeout(TIMEOUT):
            channel = self._connection.channel()
            channel.queue_declare(self._name, durable=True, auto_delete=False, arguments=ARGUMENTS)
            channel.confirm_select()
        channel.events["basic_ack"].add(self._note_confirmed)
        channel.events["basic_nack"].add(self._note_refused)
        channel.events["basic_return"].add(self._note_returned)
        self._heard = time.monotonic()
        return channel

    def _counted(self, *, within: float) -> int:
        # The time-outs of the connection are the kernel's, which gevent's sockets in the API don't know.
        with self._connection.transport.having_timeout(within):
            count = int(self._channel.queue_declare(self._name, passive=True).message_count)
        self._heard = time.monotonic()
        return count

    def _note_confirmed(self, number: int, multiple: bool) -> None:
        self._unconfirmed -= {each for each in self._unconfirmed if each <= number} if multiple else {number}

    def _note_refused(self, number: int, multiple: bool) -> None:
        raise AMQPError(f"RabbitMQ refused message {number}{' and those before' if multiple else ''}")

    def _note_returned(self, error: AMQPError, *_: object) -> None:
        raise error
