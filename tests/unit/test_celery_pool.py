"""What a worker's pool remembers of its jobs when Celery's connection to the broker closes."""

from types import SimpleNamespace

import pytest

from worker.celery_exits import WatchfulPool
from worker.celery_pool import PromptPool

#: A job whose bytes are with a process, one that waits for a process, and one that a process has accepted.
JOBS = {
    1: SimpleNamespace(_write_to="process", _accepted=False),
    2: SimpleNamespace(_write_to=None, _accepted=False),
    3: SimpleNamespace(_write_to="process", _accepted=True),
}


def _forget_what_is_not_accepted(pool: PromptPool) -> None:
    """What Celery's pool does first."""
    for number, job in tuple(pool._cache.items()):
        if not job._accepted:
            del pool._cache[number]


def test_only_a_job_that_no_process_has_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WatchfulPool, "flush", _forget_what_is_not_accepted)
    pool = PromptPool.__new__(PromptPool)
    pool._cache = dict(JOBS)
    pool.flush()
    assert pool._cache.keys() == {1, 3}
