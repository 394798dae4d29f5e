"""The tally: what this process counts of its requests, kept in plain dicts and handed to Redis every few seconds.

So every process tells the same figures of the whole service, whichever of them is asked, and they outlive it. What a
process has counted since it handed over last is lost where it is killed.
"""

import os
import threading

from jobs.counts import HTTP_BOUNDS, REDIS_BOUNDS, Times
from jobs.roster import Role, fresh_name
from jobs.scripts import Argument
from jobs.store import Store

#: How long Redis remembers which addition of a process was the last, milliseconds; longer than it sends one again.
REMEMBERED = 3_600_000

#: The methods that are told apart; a client may call its own what it likes.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Tally:
    """What one process has counted and not handed over yet."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, int], int] = {}
        self._times: dict[tuple[str, str], Times] = {}
        self._round_trips = Times(REDIS_BOUNDS)
        self._handing_over = threading.Lock()
        #: What is sent until Redis says that it has it, and the number of that.
        self._sent: list[Argument] = []
        self._number = 0
        self._name = ""
        self._pid = 0

    def note_request(self, route: str, method: str, *, status: int, seconds: float) -> None:
        """Counts a request to this route (not its path: there are few routes) that was answered."""
        if method not in _METHODS:
            method = "other"
        asked = (route, method, status)
        self._requests[asked] = self._requests.get(asked, 0) + 1
        times = self._times.get(asked[:2])
        if times is None:
            times = self._times[asked[:2]] = Times(HTTP_BOUNDS)
        times.add(int(seconds * 1e6))

    def note_round_trip(self, seconds: float) -> None:
        """Counts a question that Redis was asked."""
        self._round_trips.add(int(seconds * 1e6))

    def hand_over(self, store: Store) -> None:
        """Adds what was counted to the counts of the service.

        Raises:
            StoreUnavailable: Redis can't take it now; it is kept, and sent again.

        """
        with self._handing_over:
            if not self._sent:
                self._sent = self._taken()
                self._number += 1
            if self._sent:
                keys = [store.keys.counts, store.keys.counted(self._own_name())]
                store.scripts.run("add_counts", keys, [self._number, REMEMBERED, *self._sent])
            self._sent = []

    def _taken(self) -> list[Argument]:
        requests, self._requests = self._requests, {}
        times, self._times = self._times, {}
        round_trips, self._round_trips = self._round_trips, Times(REDIS_BOUNDS)
        fields = [(f"http {route} {method} {status}", number) for (route, method, status), number in requests.items()]
        for (route, method), taken in times.items():
            fields += taken.fields(f"http_time {route} {method}")
        fields += [field for field in round_trips.fields(f"redis_time {Role.API}") if field[1]]
        return [part for field in fields for part in field]

    def _own_name(self) -> str:
        """A name that no other process has, also not one that was forked from this."""
        if self._pid != os.getpid():
            self._pid, self._name = os.getpid(), fresh_name()
        return self._name


#: The tally of this process.
TALLY = Tally()
