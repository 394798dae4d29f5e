"""A service for tests of the doctor: a Redis of its own that may be broken, and a full roster."""

import socket
from dataclasses import replace

from jobs.api_keys import Scope
from jobs.key_ring import KeyRing
from jobs.roster import Role, Roster, this_process
from jobs.store import Store
from stack.redis_server import RedisAddress


def a_free_address() -> RedisAddress:
    """A TCP address of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return RedisAddress(port=probe.getsockname()[1])


def announce(store: Store, role: Role, *, version: str = "", engine: str = "celery") -> None:
    """Puts a process with this role on the roster."""
    member = this_process(role, engine=engine, slots=2 if role is not Role.API else 0)
    Roster(store).announce(replace(member, version=version or member.version))


def furnish(store: Store) -> None:
    """Gives the service what a sound one has: a process of each role, and a key."""
    for role in Role:
        announce(store, role)
    KeyRing(store.redis, store.keys).make("alice", [Scope.SUBMIT])


def now_of(store: Store) -> float:
    """Redis' time, Unix milliseconds."""
    seconds, micros = store.redis.time()
    return float(seconds * 1000 + micros / 1000)
