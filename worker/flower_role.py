"""Flower over this service's broker: it shows what Celery's workers tell, controls nothing, and forgets nothing.

Who may see it a proxy has to ask (``app.dashboards.gate``). Source: https://flower.readthedocs.io/en/latest/config.html
"""

import logging
import os
from pathlib import Path

import structlog
from celery import Celery, signals

from jobs.settings import Settings
from worker.broker import configuration

log = structlog.get_logger(__name__)

#: Tasks that it remembers; the oldest go first.
MOST_TASKS = 10_000

#: How often it writes down what it knows, seconds; and when it is stopped.
SAVES_EVERY = 60

#: After how long without a word a worker is left out, seconds.
FORGETS_WORKERS = 600

#: What its list of tasks shows.
COLUMNS = ("name", "uuid", "state", "received", "started", "runtime", "worker")


def serve_flower(settings: Settings) -> int:
    """Serves Flower until a signal stops it; returns the exit code.

    Raises:
        OSError: its address can't be listened on, or its folder not be written to.

    """
    # Celery leaves the logs alone where somebody else sets them up.
    signals.setup_logging.connect(_logs_are_set_up)
    logging.getLogger("flower").setLevel(max(logging.WARNING, logging.getLogger().level))
    # It asks workers what they are, and says which questions they leave unanswered: all, for they take no commands.
    logging.getLogger("flower.inspector").setLevel(logging.ERROR)
    folder = Path(settings.data_dir, "flower").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    app = Celery("coatcheck", fixups=[])
    app.conf.update(configuration(settings))
    if not settings.events:
        log.warning("flower.no_events", means="workers tell nothing unless COATCHECK_EVENTS is true for them, too")
    if not settings.flower_behind_proxy:
        # Flower is an extra; who only asks for its options may not have it.
        from worker.flower_hosts import go_by

        go_by((*settings.allowed_hosts, settings.flower_host))
    address = f"{settings.flower_host}:{settings.flower_port}"
    log.info("flower.starting", address=address, path=f"{settings.flower_prefix}/", folder=str(folder))
    code = app.start(["--quiet", "flower", *options(settings, folder)])
    log.info("flower.stopped")
    return int(code or 0)


def options(settings: Settings, folder: Path) -> tuple[str, ...]:
    """Flower's command line; what is not said here, ``FLOWER_…`` variables may say."""
    return (
        f"--address={settings.flower_host}",
        f"--port={settings.flower_port}",
        f"--url_prefix={settings.flower_prefix.strip('/')}",
        # A file of this name in the current folder would be run as Python.
        f"--conf={os.devnull}",
        "--logging=none",
        "--read_only=true",
        # No commands to the workers: they take none. Whether they tell anything is their setting.
        "--enable_events=false",
        "--persistent=true",
        f"--db={folder / 'state'}",
        f"--state_save_interval={SAVES_EVERY * 1000}",
        f"--max_tasks={MOST_TASKS}",
        f"--purge_offline_workers={FORGETS_WORKERS}",
        f"--tasks_columns={','.join(COLUMNS)}",
    )


def _logs_are_set_up(**_: object) -> None:
    """Connected to Celery's signal only to say so."""
