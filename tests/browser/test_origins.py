"""Pages of other origins in a real browser: one that is let in walks the whole way, the others get nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from page_server import serving_page
from parts import needs_program
from playwright.sync_api import Browser, sync_playwright
from processes import Api, Worker
from visit import Visit

from jobs.api_keys import Scope
from jobs.key_ring import opened_ring
from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis

pytestmark = needs_program("chromium")

#: A site that is let in, one that is not, and one whose name its owner has resolve to the service.
FRIEND, STRANGER, REBOUND = "app.example", "evil.example", "rebound.example"

#: Submits a job, polls it, and reads its result and its events, as an application would.
WALK = """async ([api, key]) => {
    const keyed = {"Authorization": `Bearer ${key}`};
    const submitted = await fetch(`${api}/analysis/double/run`, {
        method: "POST",
        headers: {...keyed, "Content-Type": "application/json", "Idempotency-Key": "one-of-a-kind"},
        body: JSON.stringify({params: {number: 21}}),
    });
    const headers = ["Location", "Operation-Location", "Retry-After", "X-Request-ID"];
    const read = headers.filter((name) => submitted.headers.has(name));
    const ended = await fetch(submitted.headers.get("Location"), {headers: {...keyed, "Prefer": "wait=30"}});
    const again = await fetch(ended.url, {headers: {...keyed, "If-None-Match": ended.headers.get("ETag")}});
    const job = (await submitted.json()).id;
    const events = await fetch(`${api}/jobs/${job}/events`, {headers: {...keyed, "Last-Event-ID": "1"}});
    return {
        status: submitted.status, read, redirected: ended.redirected, result: await ended.json(),
        unchanged: again.status, kind: events.headers.get("Content-Type"), told: await events.text(),
    };
}"""

#: What a page can send without being let in, for it needs no preflight.
BLIND_POST = """(url) => fetch(url, {method: "POST", mode: "no-cors", body: "{}"}).then(() => "sent", () => "failed")"""

#: What a page can read of a URL.
READ = """(url) => fetch(url).then((answer) => answer.text(), () => "unreadable")"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for which the three sites are on this machine."""
    program = shutil.which("chromium")
    assert program, "chromium is not installed"
    rules = ",".join(f"MAP {name} 127.0.0.1" for name in (FRIEND, STRANGER, REBOUND))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program, args=["--disable-gpu", f"--host-resolver-rules={rules}"]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    """The port of the pages of elsewhere."""
    with serving_page() as port:
        yield port


@pytest.fixture(scope="module")
def sharing_api(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory, site: int) -> Iterator[Api]:
    """An API that asks for keys and lets the friend's pages in, and a worker for it."""
    folder = tmp_path_factory.mktemp("sharing-api")
    settings = _settings(redis_server, folder, cors_origins=(f"http://{FRIEND}:{site}",))
    with Worker(settings, folder, concurrency=1), Api(settings, folder) as api:
        yield api


@pytest.fixture(scope="module")
def unlocked_api(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API without keys that lets no page of elsewhere in."""
    folder = tmp_path_factory.mktemp("unlocked-api")
    with Api(_settings(redis_server, folder, open=True), folder) as api:
        yield api


def test_a_page_that_is_let_in_walks_the_whole_way(visit: Visit, sharing_api: Api, site: int) -> None:
    with opened_ring(sharing_api.settings) as ring:
        key = ring.make("alice", (Scope.SUBMIT, Scope.READ))[1]
    visit.page.goto(f"http://{FRIEND}:{site}/")
    walked = visit.page.evaluate(WALK, [sharing_api.url, key])
    assert walked["status"] == 202
    assert walked["read"] == ["Location", "Operation-Location", "Retry-After", "X-Request-ID"]
    assert (walked["redirected"], walked["result"]["doubled"]) == (True, 42)
    assert walked["unchanged"] == 304
    assert (walked["kind"].partition(";")[0], "event: completed" in walked["told"]) == ("text/event-stream", True)
    assert visit.complaints == []


def test_another_page_reads_nothing(visit: Visit, sharing_api: Api, site: int) -> None:
    visit.page.goto(f"http://{STRANGER}:{site}/")
    assert visit.page.evaluate(READ, f"{sharing_api.url}/livez") == "unreadable"


@pytest.mark.parametrize("host", [STRANGER, "127.0.0.1", "localhost"])
def test_a_page_of_elsewhere_hands_in_nothing_without_a_key(
    visit: Visit, unlocked_api: Api, site: int, host: str
) -> None:
    visit.page.goto(f"http://{host}:{site}/")
    came = unlocked_api.log.read_text().count("status=403")
    assert visit.page.evaluate(BLIND_POST, f"{unlocked_api.url}/analysis/double/run") == "failed"
    assert unlocked_api.log.read_text().count("status=403") == came + 1
    assert httpx.get(f"{unlocked_api.url}/jobs").json()["jobs"] == []


def test_a_page_whose_name_leads_to_the_service_is_refused(visit: Visit, unlocked_api: Api) -> None:
    shown = [visit.page.goto(f"http://{REBOUND}:{unlocked_api.port}/{path}") for path in ("", "jobs", "livez")]
    assert [answer.status for answer in shown if answer] == [421, 421, 421]


def test_a_page_of_elsewhere_shows_no_page_of_the_service(visit: Visit, unlocked_api: Api, site: int) -> None:
    visit.page.goto(f"http://{STRANGER}:{site}/")
    with visit.page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        visit.page.evaluate("(url) => { document.body.innerHTML = `<iframe src=${url}></iframe>` }", unlocked_api.url)


def _settings(redis_server: EmbeddedRedis, folder: Path, **more: object) -> Settings:
    values = {"redis_url": redis_server.url, "namespace": f"test-{uuid4().hex[:12]}", "data_dir": str(folder)}
    return Settings(**values, analyses=("samples",), **more)  # type: ignore[arg-type]
