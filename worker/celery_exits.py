"""Celery's pool of processes, but one that has ended is noticed at once."""

import select

from billiard.process import BaseProcess
from celery.concurrency.asynpool import AsynPool
from kombu.asynchronous import Hub

#: First wait until it is looked again whether a process has ended, seconds; doubled each time.
FIRST_LOOK = 0.002

#: Longest such wait, seconds; what takes longer is left to the supervisor's heartbeat.
LAST_LOOK = 0.5


class WatchfulPool(AsynPool):  # type: ignore[misc]
    """Replaces a process as soon as the kernel tells that it has ended."""

    def _track_child_process(self, proc: BaseProcess, hub: Hub) -> None:
        """Celery calls it for each process when it is started, and whenever its event loop begins."""
        if getattr(proc, "_sentinel_poll", 0) is None:
            # It was seen to end, and its pipe is closed: to watch that would end the worker.
            self._look_again(hub, proc, FIRST_LOOK)
        else:
            super()._track_child_process(proc, hub)

    def _event_process_exit(self, hub: Hub, proc: BaseProcess) -> None:
        """Celery calls it when a pipe is closed whose other end only that process has."""
        pipe = getattr(proc._popen, "sentinel", None)
        if pipe is not None and not _is_readable(pipe):
            # The pipe of another process was closed that ended at the same time, and this one has its number now.
            return
        super()._event_process_exit(hub, proc)
        self._look_again(hub, proc, FIRST_LOOK)

    def _look_again(self, hub: Hub, proc: BaseProcess, wait: float) -> None:
        """Celery has looked, just once: it looks again after five seconds, and jobs would wait for what is no more.

        The kernel closes the files of a process before it tells that it has ended; in between it seems to be alive.
        """
        if proc in self._pool and wait <= LAST_LOOK:
            hub.call_later(wait, self._maintain_again, hub, proc, 2 * wait)  # type: ignore[no-untyped-call]

    def _maintain_again(self, hub: Hub, proc: BaseProcess, wait: float) -> None:
        self.maintain_pool()
        self._look_again(hub, proc, wait)


def _is_readable(pipe: int) -> bool:
    """Whether there is something to read, be it the end."""
    look = select.poll()
    look.register(pipe, select.POLLIN)
    return bool(look.poll(0))
