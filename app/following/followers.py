"""Followers: who waits in this process for something to happen to a job. One subscription feeds them all."""

import threading
import time
from collections import deque
from contextlib import AbstractContextManager
from enum import StrEnum
from uuid import uuid4

from app.following.endings import Ending, Endings
from app.following.shared_reads import SharedRead, Turns
from app.following.subscription import Subscription
from app.read_ahead import Seen, look
from app.serving.stopping import on_stop, stopping
from jobs.connection import POOL_SIZE
from jobs.errors import StoreUnavailable
from jobs.events import Event, history
from jobs.store import Store

#: Events that wait for a follower at most; who reads more slowly is dropped.
MOST_WAITING = 256

#: Reads of followed jobs at a time, half of the connections of a process.
READS_AT_ONCE = POOL_SIZE // 2


class End(StrEnum):
    """Why a follower is told nothing more."""

    #: It has read too slowly.
    SLOW = "slow"
    #: This process stops.
    STOPPING = "stopping"


class Follower:
    """One who follows a job."""

    def __init__(self) -> None:
        self._news = threading.Event()
        self._events: deque[Event] = deque()
        #: Whether events may have been missed, so that the history has to be read.
        self._gap = True
        #: Why nothing more comes; None while something may.
        self.end: End | None = None

    def wait(self, seconds: float) -> bool:
        """Waits until there is something to take; False where nothing came."""
        return self._news.wait(max(seconds, 0.0))

    def take(self) -> tuple[list[Event], bool]:
        """The events since the last time; and whether there may have been others, which the history has."""
        # Another thread may tell meanwhile. What it says after a step here is left for the next time, so the flags are
        # cleared before anything is read; and an event is never taken without the gap in front of it.
        self._news.clear()
        events = [self._events.popleft() for _ in range(len(self._events))]
        gap = self._gap
        if gap:
            self._gap = False
        return events, gap

    def tell(self, event: Event) -> None:
        """Something has happened."""
        if len(self._events) >= MOST_WAITING:
            self.stop(End.SLOW)
            return
        self._events.append(event)
        self._news.set()

    def tell_of_gap(self) -> None:
        """Something may have happened unheard."""
        self._gap = True
        self._news.set()

    def stop(self, why: End) -> None:
        """Nothing more is told."""
        self.end = why
        self._news.set()


class _Channel:
    """A job that is followed here."""

    def __init__(self, job_id: str, *, store: Store, turns: Turns) -> None:
        self.followers: set[Follower] = set()
        # When something happens to a job, all who follow it want to read it at the same moment.
        self.job = SharedRead(lambda: look(store, job_id), turns)
        self.history = SharedRead(lambda: history(store, job_id), turns)
        #: Set from when on nothing that happens is missed.
        self.confirmed = threading.Event()


class Followers:
    """All who follow jobs in this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys
        self._turns = Turns(READS_AT_ONCE)
        self._timeout = store.settings.redis_timeout
        self._channels: dict[str, _Channel] = {}
        self._lock = threading.Lock()
        #: Those that are told on a channel of this process; None until somebody hands in a job and waits.
        self._endings: Endings | None = None
        self._subscription = Subscription(store.redis, heard=self._hear, confirmed=self._confirm)
        on_stop(self._stop)

    def follow(self, job_id: str, *, within: float | None = None) -> Follower:
        """Begins to follow the job: what is read of it from now on is never older than what the follower is told next.

        :meth:`leave` ends it. ``within``: seconds that it may take, if that is less than Redis may take anyway.

        Raises:
            StoreUnavailable: Redis does not say what happens now.

        """
        follower = Follower()
        if stopping():
            follower.stop(End.STOPPING)
        channel = self._join(job_id, follower)
        # A script may take two time-outs where all connections are busy; so may this.
        longest = 2 * self._timeout
        if not channel.confirmed.wait(longest if within is None else min(longest, within)):
            self.leave(job_id, follower)
            raise StoreUnavailable("Redis did not confirm a subscription in time.")
        return follower

    def leave(self, job_id: str, follower: Follower) -> None:
        """Ends what :meth:`follow` began; once more does no harm."""
        name = self._keys.events(job_id)
        with self._lock:
            channel = self._channels.get(name)
            if channel is None or follower not in channel.followers:
                return
            channel.followers.discard(follower)
            if not channel.followers:
                del self._channels[name]
                self._subscription.remove(name)

    def ending(self, job_id: str) -> AbstractContextManager[Ending]:
        """Hears meanwhile of the end of a job, which is handed in within; see :mod:`app.following.endings`."""
        endings = self._endings
        if endings is None:
            with self._lock:
                endings = self._endings or self._listen_for_endings()
        return endings.expected(job_id)

    def look(self, job_id: str) -> Seen:
        """The job as it is now; all who follow it and ask at the same moment cost one round trip.

        Raises:
            NoSuchJob: there is no record of it.
            StoreUnavailable: Redis can't say now.

        """
        return self._channel(job_id).job.read()

    def history(self, job_id: str) -> list[Event]:
        """What has happened to the job so far, as :func:`jobs.events.history` has it; shared like :meth:`look`.

        Raises:
            NoSuchJob: there is no record of it.
            StoreUnavailable: Redis can't say now.

        """
        return self._channel(job_id).history.read()

    def close(self) -> None:
        """Ends the subscription; nobody follows anything any more."""
        self._subscription.close()

    def _channel(self, job_id: str) -> _Channel:
        """Where the job is followed; one of its own for a job that nobody follows (any more)."""
        with self._lock:
            channel = self._channels.get(self._keys.events(job_id))
        return channel or _Channel(job_id, store=self._store, turns=self._turns)

    def _join(self, job_id: str, follower: Follower) -> _Channel:
        name = self._keys.events(job_id)
        with self._lock:
            channel = self._channels.get(name)
            if channel is None:
                channel = self._channels[name] = _Channel(job_id, store=self._store, turns=self._turns)
                self._subscription.add(name)
            channel.followers.add(follower)
            return channel

    def _listen_for_endings(self) -> Endings:
        # Known before it is subscribed to, for its confirmation may come at once.
        self._endings = endings = Endings(self._keys.endings(uuid4().hex))
        self._subscription.add(endings.channel)
        return endings

    def _hear(self, name: str, entry: bytes) -> None:
        if self._endings is not None and name == self._endings.channel:
            self._endings.hear(entry)
            return
        event = Event.read(entry)
        for follower in self._followers_of(name):
            follower.tell(event)

    def _confirm(self, name: str | None) -> None:
        if self._endings is not None and name in (None, self._endings.channel):
            self._endings.is_heard = name is not None
        with self._lock:
            channels = [each for known, each in self._channels.items() if name in (None, known)]
        for channel in channels:
            if name is None:
                channel.confirmed.clear()
                continue
            channel.confirmed.set()
            for follower in list(channel.followers):
                follower.tell_of_gap()

    def _followers_of(self, name: str) -> list[Follower]:
        with self._lock:
            channel = self._channels.get(name)
            return list(channel.followers) if channel else []

    def _stop(self) -> None:
        if self._endings is not None:
            self._endings.stop()
        with self._lock:
            followers = [follower for channel in self._channels.values() for follower in channel.followers]
        for follower in followers:
            follower.stop(End.STOPPING)


def deadline_in(seconds: float) -> float:
    """That many seconds from now on the clock that only goes on."""
    return time.monotonic() + seconds


def left_until(deadline: float) -> float:
    """Seconds until then, 0 where it is past."""
    return max(deadline - time.monotonic(), 0.0)
