"""Signing in by a real browser, RQ's dashboard behind it with a real job, and signing out again."""

import os
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from parts import needs_program
from playwright.sync_api import Page, expect
from prefix_proxy import behind_a_prefix
from processes import Api
from visit import PATIENCE, Visit

from jobs.api_keys import Scope
from jobs.key_ring import opened_ring
from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis

pytestmark = needs_program("chromium")

expect.set_options(timeout=PATIENCE)

#: Rules of WCAG 2.2 at levels A and AA, and axe-core's own advice.
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

#: Sends an empty form there.
FOREIGN_FORM = """(url) => {
    const form = document.createElement("form");
    Object.assign(form, {method: "post", action: url});
    document.body.append(form);
    form.submit();
}"""


@pytest.fixture(scope="module")
def api(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API with RQ that asks for keys, and believes one proxy in front of it."""
    folder = tmp_path_factory.mktemp("rq-api")
    settings = Settings(
        redis_url=redis_server.url,
        namespace=f"test-{uuid4().hex[:12]}",
        data_dir=str(folder),
        engine="rq",
        trusted_proxies=1,
    )
    with Api(settings, folder) as running:
        yield running


@pytest.fixture(scope="module")
def admin_key(api: Api) -> str:
    with opened_ring(api.settings) as ring:
        return ring.make("ops", (Scope.ADMIN,))[1]


@pytest.fixture(scope="module")
def job_id(api: Api, admin_key: str) -> str:
    """A job that nobody runs, so that it stays in RQ's queue."""
    answer = httpx.post(
        f"{api.url}/analysis/describe/run",
        json={"data": {"builtin": "iris"}},
        headers={"Authorization": f"Bearer {admin_key}"},
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def sign_in(page: Page, key: str) -> None:
    """Fills in the form as somebody does at a keyboard."""
    page.get_by_label("API key").fill(key)
    page.get_by_label("API key").press("Enter")


def open_queue(page: Page, api: Api) -> None:
    """Goes from the list of queues to the jobs that wait in the one of this service."""
    row = page.get_by_role("row").filter(has_text=f"{api.settings.namespace}:normal")
    row.get_by_role("link", name="1", exact=True).click()


def test_an_administrator_signs_in_sees_the_job_by_its_name_and_signs_out(
    visit: Visit, api: Api, admin_key: str, job_id: str
) -> None:
    page = visit.page
    page.goto(f"{api.url}/rq/")
    expect(page).to_have_url(f"{api.url}/sign-in?next=%2Frq%2F")
    sign_in(page, admin_key)
    expect(page).to_have_url(f"{api.url}/rq/")
    open_queue(page, api)
    expect(page.locator(".description")).to_have_text("describe")
    page.get_by_role("link", name=job_id).click()
    expect(page.get_by_text("queued", exact=False).first).to_be_visible()
    _keep_picture(page)
    page.get_by_role("link", name="all dashboards").click()
    expect(page.get_by_text("You are signed in as ops")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{api.url}/sign-in")
    page.goto(f"{api.url}/rq/0/view/job/{job_id}")
    expect(page.get_by_label("API key")).to_be_visible()
    assert visit.complaints == []


def _keep_picture(page: Page) -> None:
    """For whoever wants to look; pictures are not compared."""
    folder = os.environ.get("COATCHECK_TEST_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/rq-job.png")


def test_a_wrong_key_is_told_and_asked_for_again(visit: Visit, api: Api) -> None:
    visit.page.goto(f"{api.url}/sign-in")
    sign_in(visit.page, "ck_nothing")
    expect(visit.page.get_by_role("alert")).to_contain_text("not valid")
    expect(visit.page.get_by_label("API key")).to_be_visible()


def test_signing_in_needs_no_scripts(visit: Visit, api: Api, admin_key: str) -> None:
    context = visit.page.context.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{api.url}/sign-in")
    sign_in(page, admin_key)
    expect(page.get_by_text("You are signed in as ops")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    context.close()


def test_the_cookie_is_hidden_from_scripts_and_from_the_api(visit: Visit, api: Api, admin_key: str) -> None:
    visit.page.goto(f"{api.url}/sign-in")
    sign_in(visit.page, admin_key)
    expect(visit.page.get_by_text("You are signed in as ops")).to_be_visible()
    assert visit.page.evaluate("document.cookie") == ""
    assert visit.page.evaluate("fetch('/jobs').then((answer) => answer.status).catch(() => 0)") in (0, 401)
    assert visit.page.request.get(f"{api.url}/jobs").status == 401


def test_what_another_site_sends_from_the_same_browser_changes_nothing(
    visit: Visit, api: Api, admin_key: str, open_api: Api
) -> None:
    page = visit.page
    page.goto(f"{api.url}/sign-in")
    sign_in(page, admin_key)
    expect(page.get_by_text("You are signed in as ops")).to_be_visible()
    page.goto(f"{open_api.url}/livez")
    # Another port is another origin, yet the same site: the cookie comes along.
    with page.expect_navigation(url=f"{api.url}/sign-out") as answer:
        page.evaluate(FOREIGN_FORM, f"{api.url}/sign-out")
    assert answer.value.status == 403
    page.goto(f"{api.url}/sign-in")
    expect(page.get_by_text("You are signed in as ops")).to_be_visible()


def test_below_a_path_of_a_proxy_everything_is_found(visit: Visit, api: Api, admin_key: str, job_id: str) -> None:
    page = visit.page
    with behind_a_prefix(api.url) as url:
        page.goto(f"{url}/rq/")
        sign_in(page, admin_key)
        expect(page).to_have_url(f"{url}/rq/")
        open_queue(page, api)
        page.get_by_role("link", name=job_id).click()
        expect(page).to_have_url(f"{url}/rq/0/view/job/{job_id}")
        assert {cookie["path"] for cookie in page.context.cookies()} == {"/lab/"}
        page.get_by_role("link", name="all dashboards").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(f"{url}/sign-in")
    assert visit.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_people_from_signing_in(visit: Visit, api: Api, scheme: str) -> None:
    visit.page.goto(f"{api.url}/sign-in?next=/rq/")
    sign_in(visit.page, "x")
    visit.wear(scheme)
    assert visit.barriers(*RULES) == {}


def test_on_a_narrow_screen_nothing_hangs_over(visit: Visit, api: Api) -> None:
    visit.narrow()
    visit.page.goto(f"{api.url}/sign-in?next=/rq/")
    assert visit.overhang == 0
