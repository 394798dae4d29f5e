"""Waiting for a child's end or a signal without asking again and again, and dying with one's parent."""

import ctypes
import os
import signal
import sys
from collections.abc import Collection
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from types import FrameType

#: From linux/prctl.h: the signal that this process gets when its parent ends.
_PR_SET_PDEATHSIG = 1


class Bell:
    """Rings whenever a signal comes to this process, among them the one that a child has ended.

    To be made in the process' main thread; a forked process makes its own, or hears none.
    """

    def __init__(self) -> None:
        self._heard, self._rings = os.pipe()
        for end in (self._heard, self._rings):
            os.set_blocking(end, False)
        # A full pipe has rung often enough.
        signal.set_wakeup_fd(self._rings, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _rings_only)

    def wait(self, longest: float, *, others: Collection["Connection[bytes, bytes]"] = ()) -> None:
        """Returns when it has rung since the last time, when one of the others can be read, or after ``longest`` s."""
        wait([self._heard, *others], longest)
        with suppress(BlockingIOError):
            os.read(self._heard, 4096)


def end_of(child: int) -> int | None:
    """How a child of this process has ended: 0, or a wait status that is not; None: it lives."""
    try:
        ended, status = os.waitpid(child, os.WNOHANG)
    except ChildProcessError:
        return -1
    return status if ended else None


def die_with(parent: int) -> None:
    """Ties this process' life to its parent's where the system can (Linux); elsewhere one has to look now and then."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have ended before that was asked for; then nobody would ever send the signal.
    if os.getppid() != parent:
        os._exit(1)


def _rings_only(_signum: int, _frame: FrameType | None) -> None:
    """A signal without a handler would not ring."""
