"""One worker from start to stop: the catalog is loaded before the pool forks, so that its processes share it."""

import logging
import socket
import warnings

import structlog
from celery import signals
from celery.platforms import SecurityWarning

from jobs.settings import Settings, without_password
from tasks import load_catalog
from worker.celery_app import Engine

log = structlog.get_logger(__name__)


def serve(settings: Settings) -> int:
    """Runs jobs until a signal stops it; returns the exit code.

    Raises:
        CatalogError: an analysis can't be loaded.

    """
    catalog = load_catalog(settings.analyses, heavy=True)
    engine = Engine(settings, catalog)
    # Celery leaves the logs alone where somebody else sets them up.
    signals.setup_logging.connect(_logs_are_set_up)
    # Celery warns of root because of pickle, which is not accepted here.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    # The runs log their moves themselves, by job.
    logging.getLogger("celery").setLevel(max(logging.WARNING, logging.getLogger().level))
    log.info(
        "worker.starting",
        analyses=sorted(catalog),
        concurrency=settings.concurrency,
        redis=without_password(settings.redis_url),
    )
    worker = engine.Worker(
        hostname=f"coatcheck@{socket.gethostname()}",
        pool_cls="prefork",
        concurrency=settings.concurrency,
        optimization="fair",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    engine.supervisor.close()
    log.info("worker.stopped")
    return int(worker.exitcode or 0)


def _logs_are_set_up(**_: object) -> None:
    """Connected to Celery's signal only to say so."""
