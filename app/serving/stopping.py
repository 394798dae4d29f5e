"""Whether this process is about to stop: what waits inside a request looks here, and ends in good order."""

from collections.abc import Callable


class Stop:
    """The one stop of a process."""

    def __init__(self) -> None:
        #: Whether it has begun.
        self.begun = False
        self._callbacks: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Notes that the process is to stop; safe in a signal handler, for it does nothing else."""
        self.begun = True

    def tell(self) -> None:
        """Calls back everybody who asked for it, once."""
        while self._callbacks:
            self._callbacks.pop()()

    def call(self, callback: Callable[[], None]) -> None:
        """Calls back when the stop is told, or at once where it has begun."""
        if self.begun:
            callback()
        else:
            self._callbacks.append(callback)


#: The stop of this process; the server begins it.
STOP = Stop()


def stopping() -> bool:
    """Whether this process is about to stop; a stream ends then, and a waiting poll gets its 202."""
    return STOP.begun


def on_stop(callback: Callable[[], None]) -> None:
    """Calls ``callback`` once, as soon as a stop begins, or at once if it has begun.

    It is called in a greenlet of the server: it may wake others but must not block or raise. There is no way to take it
    back, so it is for what lives as long as the process (the one listener of all streams), not for a single request.
    """
    STOP.call(callback)
