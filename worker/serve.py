"""One worker from start to stop: the catalog is loaded before anything forks, so that all its processes share it."""

from importlib import import_module

import structlog

from jobs.internal import internal_settings
from jobs.masking import without_password
from jobs.settings import Settings
from tasks import load_catalog
from worker.duty import Duty, new_duty
from worker.internal.catalog import internal_catalog

log = structlog.get_logger(__name__)


def serve(settings: Settings) -> int:
    """Runs jobs until a signal stops it; returns the exit code.

    Raises:
        CatalogError: an analysis can't be loaded.

    """
    catalog = load_catalog(settings.analyses, heavy=True)
    # It reads the jobs' tables. Now, so that the processes that run jobs share it.
    import_module("tasks.data.frame")
    return _serve(new_duty(settings, catalog))


def serve_internal(settings: Settings) -> int:
    """Runs the internal jobs of the service of these settings until a signal stops it; returns the exit code."""
    return _serve(new_duty(internal_settings(settings), internal_catalog(), works_for=settings))


def _serve(duty: Duty) -> int:
    settings = duty.settings
    log.info(
        "worker.starting",
        engine=settings.engine,
        analyses=sorted(duty.catalog),
        concurrency=settings.concurrency,
        redis=without_password(settings.redis_url),
    )
    code = _serve_by_engine(duty)
    log.info("worker.stopped")
    return code


def _serve_by_engine(duty: Duty) -> int:
    if duty.settings.engine == "rq":
        from worker.rq_pool import serve_rq

        return serve_rq(duty)
    from worker.celery_worker import serve_celery

    return serve_celery(duty)
