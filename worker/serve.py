"""One worker from start to stop: the catalog is loaded before the pool forks, so that its processes share it."""

import logging
import socket
import warnings
from importlib import import_module

import structlog
from celery import signals
from celery.platforms import SecurityWarning

from jobs.internal import internal_settings
from jobs.settings import Settings, without_password
from tasks import load_catalog
from worker.celery_app import Engine
from worker.internal.catalog import internal_catalog

log = structlog.get_logger(__name__)


def serve(settings: Settings) -> int:
    """Runs jobs until a signal stops it; returns the exit code.

    Raises:
        CatalogError: an analysis can't be loaded.

    """
    catalog = load_catalog(settings.analyses, heavy=True)
    # It reads the jobs' tables. Now, so that the processes of the pool share it.
    import_module("tasks.data.frame")
    return _serve(Engine(settings, catalog))


def serve_internal(settings: Settings) -> int:
    """Runs the internal jobs of the service of these settings until a signal stops it; returns the exit code."""
    return _serve(Engine(internal_settings(settings), internal_catalog(), works_for=settings))


def _serve(engine: Engine) -> int:
    settings = engine.settings
    # Celery leaves the logs alone where somebody else sets them up.
    signals.setup_logging.connect(_logs_are_set_up)
    # Celery warns of root because of pickle, which is not accepted here.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    # The runs log their moves themselves, by job.
    logging.getLogger("celery").setLevel(max(logging.WARNING, logging.getLogger().level))
    log.info(
        "worker.starting",
        analyses=sorted(engine.catalog),
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
