"""What all tests share: a real Redis of this run's own, and settings that keep the tests apart in it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest

from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress

# As in workers: threads of native code that wait for each other in busy loops take ages on a busy machine.
# Read by numpy and its kin when they are imported, which no module above does.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# What an example takes says nothing on a busy machine.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[EmbeddedRedis]:
    """A Redis for the whole run; tests that stop or kill one start their own."""
    with (
        tempfile.TemporaryDirectory(prefix="coatcheck-") as folder,
        EmbeddedRedis(data_dir=Path(folder), address=RedisAddress(socket=Path(folder, "redis.sock"))) as server,
    ):
        yield server


@pytest.fixture
def settings(redis_server: EmbeddedRedis, tmp_path: Path) -> Settings:
    """Settings with a namespace and a folder of their own; times are short, so that tests need not wait long."""
    return Settings(
        redis_url=redis_server.url,
        namespace=f"test-{uuid4().hex[:12]}",
        data_dir=str(tmp_path),
        analyses=("samples",),
        open=True,
        lease=1,
        heartbeat=0.1,
        kill_grace=0.5,
        resend_after=0.3,
        stop_grace=2,
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A store over the run's Redis."""
    opened = Store(settings)
    yield opened
    opened.redis.close()
