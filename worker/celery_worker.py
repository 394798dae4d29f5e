"""A Celery worker from start to stop."""

import logging
import os
import socket
import warnings

from celery import signals
from celery.platforms import SecurityWarning

from worker.celery_app import Engine
from worker.celery_pool import PromptTaskPool
from worker.duty import Duty
from worker.garbage import keep_what_is_loaded

#: How often a worker that tells what it does says that it lives, seconds.
HEARTBEAT = 5.0


def serve_celery(duty: Duty) -> int:
    """Runs jobs until a signal stops it; returns the exit code."""
    # Celery leaves the logs alone where somebody else sets them up.
    signals.setup_logging.connect(_logs_are_set_up)
    # Celery warns of root because of pickle, which is not accepted here.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    # The runs log their moves themselves, by job.
    logging.getLogger("celery").setLevel(max(logging.WARNING, logging.getLogger().level))
    engine = Engine(duty)
    worker = engine.Worker(
        # Flower knows workers by it.
        hostname=f"{duty.settings.namespace}-{os.getpid()}@{socket.gethostname()}",
        pool_cls=PromptTaskPool,
        concurrency=duty.settings.concurrency,
        optimization="fair",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=not duty.settings.events,
        heartbeat_interval=HEARTBEAT,
    )
    keep_what_is_loaded()
    worker.start()
    engine.supervisor.close()
    return int(worker.exitcode or 0)


def _logs_are_set_up(**_: object) -> None:
    """Connected to Celery's signal only to say so."""
