"""What the tests of pages share: a real Chromium, and real API processes, one open and one that asks for keys."""

import shutil
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, sync_playwright
from processes import Api
from visit import Visit

from jobs.api_keys import Scope
from jobs.key_ring import opened_ring
from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis


# Not for the whole run: as long as it is there, no test after it could run an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium."""
    program = shutil.which("chromium")
    assert program, "chromium is not installed"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """A window of this test's own."""
    begun = Visit.begin(browser)
    yield begun
    begun.end()


@pytest.fixture(scope="session")
def open_api(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API that asks for no keys, and believes one proxy in front of it."""
    folder = tmp_path_factory.mktemp("open-api")
    settings = Settings(
        redis_url=redis_server.url, namespace=_namespace(), data_dir=str(folder), open=True, trusted_proxies=1
    )
    with Api(settings, folder) as api:
        yield api


@pytest.fixture(scope="session")
def keyed_api(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API that asks for keys."""
    folder = tmp_path_factory.mktemp("keyed-api")
    with Api(Settings(redis_url=redis_server.url, namespace=_namespace(), data_dir=str(folder)), folder) as api:
        yield api


@pytest.fixture(scope="session")
def key(keyed_api: Api) -> str:
    """A key of that API that may submit and read."""
    with opened_ring(keyed_api.settings) as ring:
        return ring.make("alice", (Scope.SUBMIT, Scope.READ))[1]


def _namespace() -> str:
    return f"test-{uuid4().hex[:12]}"
