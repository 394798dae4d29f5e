"""Celery's consumer, but it is back soon after Redis is: it tries every second instead of ever more seldom."""

import structlog
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Connection

log = structlog.get_logger(__name__)

#: Wait between two tries to reach the broker, seconds.
PAUSE = 1.0


class SteadyConsumer(Consumer):
    """Waits for the broker for as long as it takes, and not longer."""

    def ensure_connected(self, conn: Connection) -> Connection:
        """Returns the connection once it is made; a stopping worker stops waiting."""
        made = conn.ensure_connection(
            _say, None, interval_start=PAUSE, interval_step=0, interval_max=PAUSE, callback=maybe_shutdown
        )
        self.first_connection_attempt = False
        return made


def _say(error: Exception, interval: float) -> None:
    log.warning("broker.unavailable", error=str(error), again_in=interval)
