"""The internal jobs: found by their names, apart from all analyses, in processes that stay light."""

import subprocess
import sys

import pytest

from jobs.internal import internal_settings
from jobs.settings import Settings
from jobs.webhooks import DELIVER
from tasks import load_catalog
from worker.internal.catalog import internal_catalog


def test_what_is_handed_over_is_in_the_catalog() -> None:
    assert DELIVER in internal_catalog()


def test_every_internal_job_takes_its_handle() -> None:
    assert all(job.takes_job and not job.takes_data for job in internal_catalog().values())


def test_no_internal_job_is_an_analysis_that_clients_can_submit() -> None:
    assert not {*internal_catalog()} & {*load_catalog(["tasks"])}


def test_internal_jobs_share_no_key_and_no_limit_with_the_service() -> None:
    inner = internal_settings(Settings(namespace="one", max_active=1, max_queued=1, rate_limit=1, inline_limit=0))
    assert inner.namespace == "one.internal"
    assert (inner.max_active, inner.max_queued, inner.rate_limit) == (0, 0, 0)
    assert inner.inline_limit > 0


@pytest.mark.parametrize("package", ["sklearn", "scipy", "flask"])
def test_an_internal_worker_does_not_import(package: str, loaded: set[str]) -> None:
    assert package not in loaded


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The top-level modules of an internal worker."""
    script = "import worker.serve, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
