"""The API's description as a browser shows it, and jobs that are handed in from there."""

from collections.abc import Iterator

import httpx
import pytest
from api_page import executed, handed_in, open_docs, opened
from parts import needs_program
from playwright.sync_api import Browser, expect
from processes import Api
from visit import Visit

pytestmark = needs_program("chromium")

#: Parts of the page that stand for all of it: looking at everything takes a minute.
SAMPLE = (
    ".information-container",
    ".scheme-container",
    ".opblock.is-open .opblock-section",
    ".opblock.is-open .execute-wrapper",
    "#operations-analyses-get_analysis",
    "#operations-jobs-delete_jobs_job_id",
)

#: Every operation as the page shows it.
SHOWN = """(blocks) => blocks.map((block) => [
    block.closest(".opblock-tag-section").querySelector(".opblock-tag").dataset.tag,
    block.querySelector(".opblock-summary-method").textContent.toLowerCase(),
    block.querySelector(".opblock-summary-path").dataset.path,
])"""


@pytest.fixture(scope="module")
def docs(browser: Browser, open_api: Api) -> Iterator[Visit]:
    """The page, with nothing touched but what the tests open there."""
    visit = Visit.begin(browser)
    open_docs(visit, open_api.url)
    yield visit
    visit.end()


def test_every_operation_is_shown_under_its_tag(docs: Visit, open_api: Api) -> None:
    described = httpx.get(f"{open_api.url}/openapi.json").json()["paths"]
    operations = {
        (operation["tags"][0], method, path) for path, item in described.items() for method, operation in item.items()
    }
    assert {tuple(each) for each in docs.page.locator(".opblock").evaluate_all(SHOWN)} == operations


def test_the_description_is_taken_as_openapi_3_1(docs: Visit) -> None:
    expect(docs.page.locator(".version-stamp")).to_have_text("OAS 3.1")
    expect(docs.page.locator(".errors-wrapper")).to_have_count(0)


def test_a_job_is_handed_in_from_the_page_as_the_example_is(docs: Visit, open_api: Api) -> None:
    status, answer = handed_in(docs, "describe")
    assert (status, f"location: {open_api.url}/queuedResource/" in answer) == ("202", True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_the_page_says_stands_out_from_its_background(docs: Visit, scheme: str) -> None:
    opened(docs, "analyses-run_describe")
    executed(opened(docs, "health-get_livez"))
    docs.wear(scheme)
    assert docs.barriers("color-contrast", within=SAMPLE) == {}


def test_on_a_narrow_screen_nothing_hangs_over(docs: Visit) -> None:
    opened(docs, "analyses-run_describe")
    docs.narrow()
    assert docs.overhang == 0


def test_nothing_is_asked_of_another_host_and_nothing_complained_of(docs: Visit, open_api: Api) -> None:
    executed(opened(docs, "health-get_livez"))
    assert (docs.asked_hosts, docs.complaints) == ({open_api.url.removeprefix("http://")}, [])


def test_the_policy_of_the_page_stops_calls_elsewhere(visit: Visit, open_api: Api, keyed_api: Api) -> None:
    visit.page.goto(f"{open_api.url}/docs")
    came_through = visit.page.evaluate(
        "(url) => fetch(url, {mode: 'no-cors'}).then(() => true, () => false)", f"{keyed_api.url}/livez"
    )
    assert not came_through
    assert any("violates the following Content Security Policy" in each for each in visit.complaints)
