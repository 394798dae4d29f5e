"""Reads that many want at once: one is made for all of them, and not too many are made at a time."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from jobs.errors import NoSuchJob, StoreUnavailable

T = TypeVar("T")

#: Longest wait of a read for its turn, seconds. Thousands pass in it while Redis answers; it is for when it does not.
LONGEST_TURN = 5.0


class Turns:
    """How many reads there are at a time; the other connections are left to the requests."""

    def __init__(self, at_once: int) -> None:
        self._free = threading.BoundedSemaphore(at_once)

    def __enter__(self) -> None:
        if not self._free.acquire(timeout=LONGEST_TURN):
            raise StoreUnavailable("Too many wait for Redis.")

    def __exit__(self, *_: object) -> None:
        self._free.release()


class SharedRead(Generic[T]):
    """One thing that many want to read at the same moment."""

    def __init__(self, look: Callable[[], T], turns: Turns) -> None:
        self._look = look
        self._turns = turns
        self._lock = threading.Lock()
        #: Held by the one who looks.
        self._looking = threading.Lock()
        #: The next look, which has not begun; whoever comes before it begins has a share in it.
        self._next: Future[T] | None = None

    def read(self) -> T:
        """What there is now, or was at a moment after this was called.

        Raises:
            NoSuchJob: what is read is gone.
            StoreUnavailable: Redis can't say now.

        """
        with self._lock:
            shared, is_first = self._next, self._next is None
            if shared is None:
                shared = self._next = Future()
        if is_first:
            self._fill(shared)
        return shared.result()

    def _fill(self, shared: "Future[T]") -> None:
        try:
            with self._looking, self._turns:
                self._close()
                shared.set_result(self._look())
        except (NoSuchJob, StoreUnavailable) as error:
            self._close(shared)
            shared.set_exception(error)
        except BaseException:
            # Nobody waits for ever for one who was stopped in the midst of it.
            self._close(shared)
            shared.set_exception(StoreUnavailable("Whoever read was stopped."))
            raise

    def _close(self, shared: "Future[T] | None" = None) -> None:
        """Who comes from now on wants something newer."""
        with self._lock:
            if shared is None or self._next is shared:
                self._next = None
