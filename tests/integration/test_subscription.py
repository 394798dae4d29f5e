"""The one connection on which Redis tells what happens: whatever breaks it, all channels are soon heard again."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as BrokenConnection
from waiting import eventually

from app.following.subscription import Subscription
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis


class Hearer:
    """One who listens, and may be held up in it."""

    def __init__(self, redis: Redis) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.confirmed: list[str | None] = []
        #: Cleared while the hearer is held up.
        self.free = threading.Event()
        self.free.set()
        #: Set once something has been said to it.
        self.told = threading.Event()
        self.subscription = Subscription(redis, heard=self._hear, confirmed=self.confirmed.append)

    def _hear(self, channel: str, entry: bytes) -> None:
        self.told.set()
        self.free.wait(30)
        self.heard.append((channel, entry))


@pytest.fixture
def hearer(store: Store) -> Iterator[Hearer]:
    made = Hearer(store.redis)
    yield made
    made.free.set()
    made.subscription.close()


@pytest.fixture
def channel(settings: Settings) -> Callable[[str], str]:
    """A channel that no other test listens to."""
    return lambda name: f"{settings.namespace}:{name}"


class Silent:
    """A server that takes the first connection and says nothing; those that come later it passes on to a Redis."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self.url = f"redis://127.0.0.1:{self._sockets[0].getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        # Closed under it at the end.
        with suppress(OSError):
            first, _ = self._sockets[0].accept()
            self._sockets.append(first)
            while True:
                client, _ = self._sockets[0].accept()
                server = socket.socket(socket.AF_UNIX)
                self._sockets += [client, server]
                server.connect(self._path)
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while said := source.recv(65536):
            target.sendall(said)


def listened_to(redis: Redis, *channels: str) -> Callable[[], bool]:
    """Whether Redis knows of a listener on each of them."""
    return lambda: all(count == 1 for _, count in redis.pubsub_numsub(*channels))


def test_channels_are_heard_again_when_others_join_on_a_connection_that_broke(
    store: Store, hearer: Hearer, channel: Callable[[str], str]
) -> None:
    """The listener is busy when it breaks, so those who join meet the dead connection before it does."""
    first, *others = (channel(name) for name in "abcd")
    hearer.subscription.add(first)
    eventually(lambda: first in hearer.confirmed)
    hearer.free.clear()
    store.redis.publish(first, "one")
    assert hearer.told.wait(15)
    store.redis.client_kill_filter(_type="pubsub")
    eventually(lambda: store.redis.pubsub_numsub(first) == [(first.encode(), 0)])
    for each in others:
        hearer.subscription.add(each)
    hearer.free.set()
    eventually(listened_to(store.redis, first, *others))
    eventually(lambda: {first, *others} <= set(hearer.confirmed[hearer.confirmed.index(None) :]))
    store.redis.publish(first, "two")
    eventually(lambda: hearer.heard == [(first, b"one"), (first, b"two")])


def test_nobody_makes_a_connection_that_broke_anew_without_its_channels(
    store: Store, hearer: Hearer, channel: Callable[[str], str]
) -> None:
    """As redis-py would for whoever sends between the break and its discovery."""
    hearer.subscription.add(channel("a"))
    eventually(lambda: channel("a") in hearer.confirmed)
    connection = hearer.subscription._connection
    assert connection is not None
    hearer.free.clear()
    store.redis.publish(channel("a"), "one")
    assert hearer.told.wait(15)
    connection.disconnect()
    with pytest.raises(BrokenConnection):
        connection.send_command("PING")
    assert not connection.is_connected
    hearer.free.set()
    eventually(lambda: hearer.confirmed.count(channel("a")) == 2)
    assert listened_to(store.redis, channel("a"))()


def test_a_server_that_takes_the_connection_and_says_nothing_is_left(
    redis_server: EmbeddedRedis, settings: Settings, channel: Callable[[str], str]
) -> None:
    with closing(Silent(urlsplit(redis_server.url).path)) as silent:
        store = Store(replace(settings, redis_url=silent.url, redis_timeout=0.2))
        hearer = Hearer(store.redis)
        hearer.subscription.add(channel("a"))
        eventually(lambda: channel("a") in hearer.confirmed)
        hearer.subscription.close()
        store.redis.close()


def test_a_subscription_that_is_closed_while_it_connects_ends(
    store: Store, hearer: Hearer, channel: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make = hearer.subscription._make

    def make_late(**options: object) -> object:
        hearer.subscription.close()
        return make(**options)

    monkeypatch.setattr(hearer.subscription, "_make", make_late)
    hearer.subscription.add(channel("a"))
    listener = hearer.subscription._listener
    assert listener is not None
    listener.join(15)
    assert not listener.is_alive()
    assert store.redis.pubsub_numsub(channel("a")) == [(channel("a").encode(), 0)]
