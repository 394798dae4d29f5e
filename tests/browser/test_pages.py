"""The front page and the pages that explain problems, as people see and use them."""

import os
import subprocess

import httpx
import pytest
from parts import needs_program
from playwright.sync_api import expect
from processes import Api
from visit import Visit

from app.problems import PROBLEM_TYPES

pytestmark = needs_program("chromium")

#: Rules of WCAG 2.2 at levels A and AA, and axe-core's own advice.
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

#: The front page, and a page with much to say.
PAGES = ("/", "/problems/analysis-failed")


def test_the_front_page_shows_every_analysis(visit: Visit, open_api: Api) -> None:
    visit.page.goto(open_api.url)
    names = [analysis["name"] for analysis in httpx.get(f"{open_api.url}/analysis").json()["analyses"]]
    expect(visit.page.get_by_role("heading", level=2)).to_have_text(names)


@pytest.mark.parametrize("api", ["open_api", "keyed_api"])
def test_every_link_of_the_front_page_leads_somewhere(visit: Visit, api: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(api).url
    visit.page.goto(url)
    links = visit.page.get_by_role("link").evaluate_all("(links) => links.map((link) => link.href)")
    assert len(links) > 3
    assert {link: httpx.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_every_analysis_of_the_front_page_links_to_an_operation(visit: Visit, open_api: Api) -> None:
    visit.page.goto(open_api.url)
    links = visit.page.locator("h2 a").evaluate_all("(links) => links.map((link) => link.hash)")
    described = httpx.get(f"{open_api.url}/openapi.json").json()["paths"]
    operations = {f"#/analyses/{path['post']['operationId']}" for path in described.values() if "post" in path}
    assert links
    assert set(links) <= operations


@needs_program("curl")
@pytest.mark.parametrize("api", ["open_api", "keyed_api"])
def test_the_first_example_hands_in_a_job_when_it_is_copied_to_a_shell(
    visit: Visit, api: str, key: str, request: pytest.FixtureRequest
) -> None:
    visit.page.goto(request.getfixturevalue(api).url)
    command = visit.page.locator("pre").first.inner_text()
    shell = ["bash", "-c", f"{command} -w '%{{stderr}}%{{http_code}}'"]
    done = subprocess.run(
        shell, env=os.environ | {"COATCHECK_API_KEY": key}, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == "202", done.stdout


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_people_from_reading_and_using_it(visit: Visit, open_api: Api, page: str, scheme: str) -> None:
    visit.page.goto(open_api.url + page)
    visit.wear(scheme)
    assert visit.barriers(*RULES) == {}


@pytest.mark.parametrize("page", PAGES)
def test_on_a_narrow_screen_nothing_hangs_over(visit: Visit, open_api: Api, page: str) -> None:
    visit.narrow()
    visit.page.goto(open_api.url + page)
    visit.page.locator("details").evaluate_all("(all) => all.forEach((each) => { each.open = true })")
    assert visit.overhang == 0


def test_every_problem_has_a_page_and_the_browser_nothing_to_complain_of(visit: Visit, open_api: Api) -> None:
    titles = {}
    for slug in PROBLEM_TYPES:
        visit.page.goto(f"{open_api.url}/problems/{slug}")
        titles[slug] = visit.page.get_by_role("heading", level=1).inner_text()
    assert titles == {slug: known.title for slug, known in PROBLEM_TYPES.items()}
    assert visit.complaints == []


def test_the_front_page_asks_for_nothing_more(visit: Visit, open_api: Api) -> None:
    visit.page.goto(open_api.url)
    assert (visit.asked, visit.complaints) == ([f"{open_api.url}/"], [])
