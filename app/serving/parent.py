"""The parent of the serving processes: gunicorn's, but a reload keeps the old processes until the new ones answer."""

import time

import structlog
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.workers.base import Worker

log = structlog.get_logger(__name__)

#: How long new processes may take until they answer, seconds.
BOOT = 30.0


class ReloadFailed(Exception):
    """The new processes can't start; the old ones serve on."""


class Parent(Arbiter):  # type: ignore[misc]
    """Holds the socket, starts the processes and replaces those that die; SIGHUP replaces all of them."""

    _reloading = False

    def handle_hup(self) -> None:
        """Starts new processes, and stops the old ones once the new ones answer."""
        log.info("api.reloading")
        self._reloading = True
        try:
            super().handle_hup()
        except ReloadFailed as fault:
            log.error("api.reload_failed", reason=str(fault))
        else:
            log.info("api.reloaded")
        finally:
            self._reloading = False

    def manage_workers(self) -> None:
        """Starts processes that lack, and stops the oldest of those that are too many.

        Raises:
            ReloadFailed: in a reload, all that were started have ended.

        """
        if self._reloading:
            self._wait_for_the_newest()
        super().manage_workers()

    def _wait_for_the_newest(self) -> None:
        """Returns when as many of the newest processes answer as are wanted, or have had their time."""
        reason = ""
        ends = time.monotonic() + BOOT
        while not all(_answers(worker) for worker in self._newest()) and time.monotonic() < ends:
            try:
                self.reap_workers()
            except HaltServer as fault:
                # Where nothing runs yet this ends the service; here something does.
                reason = str(fault.reason)
            time.sleep(0.02)
        if reason and len(self.WORKERS) <= self.num_workers:
            raise ReloadFailed(reason)

    def _newest(self) -> list[Worker]:
        return sorted(self.WORKERS.values(), key=lambda worker: int(worker.age))[-self.num_workers :]


def _answers(worker: Worker) -> bool:
    """Whether it has given a sign of life: until the first, its file has the wall clock's time, which is far ahead."""
    return bool(worker.tmp.last_update() <= time.monotonic())
