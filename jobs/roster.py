"""The roster: which processes of the service live, as each says of itself every now and then."""

import os
import secrets
import socket
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import cast

import orjson

from jobs.connection import reaching_redis
from jobs.store import Store
from jobs.version import service_version

#: How long a process that says nothing stays on the roster, seconds; or three heartbeats, where those are slower.
STAYS = 15.0

#: How often a process says that it lives, seconds.
WORKER_EVERY, API_EVERY = 1.0, 5.0


class Role(StrEnum):
    """What a process is there for."""

    #: Answers HTTP.
    API = "api"
    #: Runs analyses.
    WORKER = "worker"
    #: Runs internal jobs, such as webhooks to deliver.
    INTERNAL = "internal"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A process of the service."""

    #: Unique among all that ever were.
    name: str
    role: Role
    #: The queue engine that it was started for, such as ``celery``.
    engine: str
    #: The version of the service that it runs.
    version: str
    #: The name of its machine, or of its container.
    host: str
    #: Its process id there.
    pid: int
    #: How many jobs it can run at once; 0 for an API process.
    slots: int
    #: How many it runs now.
    busy: int = 0
    #: When it was heard of last, Unix time in milliseconds of Redis' clock; 0 before that.
    seen: int = 0


def this_process(role: Role, *, engine: str, slots: int = 0, name: str = "") -> Member:
    """This process as a member, under a fresh name unless one is given."""
    host, pid = socket.gethostname(), os.getpid()
    return Member(
        name=name or fresh_name(),
        role=role,
        engine=engine,
        version=service_version(),
        host=host,
        pid=pid,
        slots=slots,
    )


def fresh_name() -> str:
    """A name for this process that no other has or ever had: its machine, its process id and something random."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


class Roster:
    """The roster of the service that a store belongs to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = [store.keys.roster, store.keys.roster_seen]
        self._stays = int(max(STAYS, 3 * store.settings.heartbeat) * 1000)

    def announce(self, member: Member) -> None:
        """Notes that the process lives now.

        Raises:
            StoreUnavailable: Redis can't note it.

        """
        said = {name: value for name, value in asdict(member).items() if name != "seen"}
        self._store.scripts.run("announce", self._keys, [member.name, orjson.dumps(said), self._stays])

    def leave(self, name: str) -> None:
        """The process of this name ends.

        Raises:
            StoreUnavailable: Redis can't note it; the process counts as alive for a while.

        """
        with reaching_redis(), self._store.redis.pipeline() as pipeline:
            pipeline.hdel(self._keys[0], name)
            pipeline.zrem(self._keys[1], name)
            pipeline.execute()

    def members(self, *roles: Role) -> list[Member]:
        """The processes of these roles (of any where none is named) that were heard of lately, those first that were
        heard of longest ago.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        told = cast("list[bytes]", self._store.scripts.run("roster", self._keys, [self._stays]))
        members = [_member(said, seen=int(seen)) for said, seen in zip(told[::2], told[1::2], strict=True)]
        return [member for member in members if not roles or member.role in roles]


class Presence:
    """One process' place on the roster, kept by whoever beats in it."""

    def __init__(self, roster: Roster, member: Member, *, every: float) -> None:
        """``every``: how often it is announced at most, seconds."""
        self._roster = roster
        self._member = member
        self._every = every
        self._due = 0.0

    def keep(self, *, busy: int = 0) -> None:
        """Announces the process, where it is due again, with how many jobs it runs now.

        Raises:
            StoreUnavailable: Redis can't note it; it is due still.

        """
        now = time.monotonic()
        if now < self._due:
            return
        self._roster.announce(Member(**{**asdict(self._member), "busy": busy}))
        self._due = now + self._every

    def leave(self) -> None:
        """The process ends.

        Raises:
            StoreUnavailable: Redis can't note it; the process counts as alive for a while.

        """
        self._roster.leave(self._member.name)


def _member(said: bytes, *, seen: int) -> Member:
    fields = orjson.loads(said)
    # A member of another version may say more of itself.
    known = {name: fields[name] for name in Member.__dataclass_fields__ if name in fields}
    return Member(**{**known, "role": Role(known["role"]), "seen": seen})
