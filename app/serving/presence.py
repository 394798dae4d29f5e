"""What an API process tells Redis every few seconds: that it lives, and what it has counted.

A thread of its own does; under gevent that is a greenlet.
"""

import threading

import structlog
from redis.exceptions import RedisError

from app.serving.stopping import on_stop
from app.signals.tally import TALLY
from jobs.errors import StoreUnavailable
from jobs.roster import API_EVERY, Presence, Role, Roster, this_process
from jobs.settings import Settings
from jobs.store import Store

log = structlog.get_logger(__name__)


def keep_announced(settings: Settings) -> None:
    """Tells Redis of this process until it begins to stop; call it after the fork."""
    store = Store(settings)
    presence = Presence(Roster(store), this_process(Role.API, engine=settings.engine), every=API_EVERY)
    stopped = threading.Event()
    on_stop(stopped.set)
    threading.Thread(target=_keep, args=(presence, store, stopped), name="presence", daemon=True).start()


def _keep(presence: Presence, store: Store, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            presence.keep()
            TALLY.hand_over(store)
        except StoreUnavailable as error:
            log.debug("presence.not_announced", error=str(error))
        except RedisError as error:
            # It may refuse for now what it takes later; nobody would say that this process is there again.
            log.warning("presence.refused", error=str(error))
        # Longer than until it is due, so that it is.
        stopped.wait(API_EVERY + 0.01)
    try:
        presence.leave()
        TALLY.hand_over(store)
    except (StoreUnavailable, RedisError) as error:
        log.debug("presence.not_left", error=str(error))
