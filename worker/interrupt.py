"""How a run is asked to end from outside: a signal that becomes an exception, but only while an analysis computes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: The signal by which the supervisor asks; Celery's pool uses the same one for soft time limits.
SIGNAL = signal.SIGUSR1


class Interrupted(BaseException):
    """The run shall end now: its job was canceled, its time is up, or somebody else has it.

    No ``Exception``, for libraries catch those around their steps and would carry on.
    """


class Interrupt:
    """The handler of the signal in the process that runs jobs."""

    def __init__(self) -> None:
        self._armed = False

    @contextmanager
    def armed(self) -> Iterator[None]:
        """The signal raises :class:`Interrupted` in here; outside it comes too late and is ignored.

        To be entered in the process' main thread. Installed anew each time, for Celery's pool installs its own handler
        at some moment of a process' start.
        """
        self._armed = True
        signal.signal(SIGNAL, self._on_signal)
        try:
            yield
        finally:
            self._armed = False

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        if self._armed:
            self._armed = False
            raise Interrupted
