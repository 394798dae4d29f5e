"""Celery's consumer, but it is back soon after Redis is: it tries every second instead of ever more seldom."""

import structlog
from celery.worker import state
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Connection

log = structlog.get_logger(__name__)

#: Wait between two tries to reach the broker, seconds.
PAUSE = 1.0


class SteadyConsumer(Consumer):
    """Waits for the broker for as long as it takes, and not longer."""

    def on_close(self) -> None:
        """Forgets what no process has accepted, but not which processes are busy.

        Celery forgets both when its connection closes; a job that is then written to a busy process waits behind its
        run, and a signal for the one could hit the other.
        """
        super().on_close()
        pool = self.pool._pool
        if pool is None:
            return  # A cold stop has ended the pool before.
        accepted = {pid for result in pool._cache.values() for pid in result.worker_pids()}
        pool._busy_workers.update(process.inqW_fd for process in pool._pool if process.pid in accepted)
        state.reserved_requests.update(state.active_requests)

    def ensure_connected(self, conn: Connection) -> Connection:
        """Returns the connection once it is made; a stopping worker stops waiting."""
        made = conn.ensure_connection(
            _say, None, interval_start=PAUSE, interval_step=0, interval_max=PAUSE, callback=maybe_shutdown
        )
        self.first_connection_attempt = False
        return made


def _say(error: Exception, interval: float) -> None:
    log.warning("broker.unavailable", error=str(error), again_in=interval)
