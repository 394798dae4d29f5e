"""The pages below a path of a reverse proxy: their links and parts are found there too."""

from collections.abc import Iterator

import pytest
from api_page import handed_in
from parts import needs_program
from playwright.sync_api import Browser, expect
from prefix_proxy import behind_a_prefix
from processes import Api
from visit import Visit

pytestmark = needs_program("chromium")

#: Swagger UI takes the `_` of an operation's id for a space that was written so; it finds the operation all the same.
EXPECTED = "error: Deprecated: escaping deep link whitespace"


@pytest.fixture(scope="module")
def proxy(open_api: Api) -> Iterator[str]:
    """The URL of the API below a prefix."""
    with behind_a_prefix(open_api.url) as url:
        yield url


@pytest.fixture(scope="module")
def walk(browser: Browser, proxy: str) -> Iterator[Visit]:
    """From the front page by the name of an analysis to where it is tried."""
    visit = Visit.begin(browser)
    visit.page.goto(f"{proxy}/")
    visit.page.get_by_role("link", name="describe", exact=True).click()
    expect(visit.page.locator("#operations-analyses-run_describe .execute")).to_be_visible()
    yield visit
    visit.end()


def test_an_analysis_of_the_front_page_leads_to_its_form(walk: Visit, proxy: str) -> None:
    assert walk.page.url == f"{proxy}/docs#/analyses/run_describe"


def test_a_job_is_handed_in_below_the_prefix(walk: Visit, proxy: str) -> None:
    status, answer = handed_in(walk, "describe")
    assert (status, f"location: {proxy}/queuedResource/" in answer) == ("202", True)


def test_nothing_is_asked_for_beside_the_prefix(walk: Visit, proxy: str) -> None:
    assert [url for url in walk.asked if not url.startswith(f"{proxy}/")] == []
    assert [each for each in walk.complaints if not each.startswith(EXPECTED)] == []


def test_a_problem_s_page_links_back_below_the_prefix(visit: Visit, proxy: str) -> None:
    visit.page.goto(f"{proxy}/problems/not-found")
    visit.page.get_by_role("link", name="All analyses").click()
    expect(visit.page).to_have_url(f"{proxy}/")
