"""What the start of the API says about who may use it."""

import multiprocessing

import structlog

from jobs.settings import Settings

log = structlog.get_logger(__name__)


def tell_access(settings: Settings) -> None:
    """Logs whether API keys are asked for, and how many there are.

    They are counted in a process of its own: the one that serves must not import a Redis client before it forks.
    """
    if settings.open:
        log.info("api.open", means="whoever reaches this address can use it, without API keys")
        return
    look = multiprocessing.get_context("fork").Process(target=_tell_count, args=(settings,))
    look.start()
    look.join()


def _tell_count(settings: Settings) -> None:
    from jobs.errors import StoreUnavailable
    from jobs.key_ring import opened_ring

    try:
        with opened_ring(settings) as ring:
            count = ring.count_good()
    except StoreUnavailable as error:
        log.warning("api.keys_unknown", reason=str(error))
        return
    if count:
        log.info("api.keys", count=count)
    else:
        log.warning("api.no_keys", means="nobody can use it; make a key with: coatcheck keys create --name me")
