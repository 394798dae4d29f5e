"""Celery's consumer, but it is back soon after Redis is: it tries every second instead of ever more seldom."""

import structlog
from celery.worker import state
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Connection

log = structlog.get_logger(__name__)

#: Wait between two tries to reach the broker, seconds.
PAUSE = 1.0

#: How long an event waits for others that are sent with it, seconds.
GATHERS = 0.25

#: Most events that are sent together.
MOST_EVENTS = 1000


class SteadyConsumer(Consumer):
    """Waits for the broker for as long as it takes, and not longer."""

    #: Whether events wait to be sent.
    _gathering = False

    def on_close(self) -> None:
        """Forgets what no process has, but not what runs: Celery forgets both when its connection closes."""
        super().on_close()
        state.reserved_requests.update(state.active_requests)

    def on_send_event_buffered(self) -> None:
        """Celery calls it at each event of a run, and would send it by itself: three messages for each job."""
        if self._gathering:
            return
        self._gathering = True
        self.event_dispatcher.buffer_limit = MOST_EVENTS
        self.hub.call_later(GATHERS, self._send_events)

    def _send_events(self) -> None:
        self._gathering = False
        if self.event_dispatcher is not None:
            self.event_dispatcher.flush()

    def ensure_connected(self, conn: Connection) -> Connection:
        """Returns the connection once it is made; a stopping worker stops waiting."""
        made = conn.ensure_connection(
            _say, None, interval_start=PAUSE, interval_step=0, interval_max=PAUSE, callback=maybe_shutdown
        )
        self.first_connection_attempt = False
        return made


def _say(error: Exception, interval: float) -> None:
    log.warning("broker.unavailable", error=str(error), again_in=interval)
