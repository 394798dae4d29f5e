"""What a process of Celery's pool does with a job: it runs it, and says how it stands then."""

import time

from worker.run import Runner


class _Process:
    """This very process, once it belongs to a pool."""

    runner: Runner


def begin(runner: Runner) -> None:
    """Notes what runs jobs here."""
    _Process.runner = runner


def run_job(job_id: str) -> tuple[int, str, float]:
    """Runs the job; answers as Celery's tracing of a task does: that no error is to be handled, how the job stands then
    (for events only), and the seconds that it took.
    """
    began = time.monotonic()
    status = _Process.runner.run(job_id)
    return 0, repr(str(status or "")), time.monotonic() - began
