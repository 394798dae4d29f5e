"""The page `/docs` as somebody uses it: opens an operation, fills in, executes, reads the answer."""

from playwright.sync_api import Locator, expect
from visit import PATIENCE, Visit

expect.set_options(timeout=PATIENCE)


def open_docs(visit: Visit, url: str) -> None:
    """Goes to the page of the service at this URL and waits until it shows operations."""
    visit.page.goto(f"{url}/docs")
    expect(visit.page.locator(".opblock").first).to_be_visible()


def opened(visit: Visit, operation: str) -> Locator:
    """The operation (`<tag>-<operationId>`), its form open."""
    block = visit.page.locator(f"#operations-{operation}")
    execute = block.locator(".execute")
    if not execute.is_visible():
        block.locator(".opblock-summary-control").click()
    expect(execute).to_be_visible()
    return block


def executed(block: Locator) -> tuple[str, str]:
    """Sends what the form says; the status and all of the answer's headers and body, as the page shows them."""
    answer = block.locator(".live-responses-table .response")
    if answer.is_visible():
        block.get_by_role("button", name="Clear").click()
        expect(answer).not_to_be_visible()
    block.locator(".execute").click()
    expect(answer).to_be_visible()
    return answer.locator(".response-col_status").inner_text().strip(), answer.inner_text()


def handed_in(visit: Visit, analysis: str) -> tuple[str, str]:
    """Submits the example of an analysis as it is there, without waiting for the job to end; what is answered."""
    block = opened(visit, f"analyses-run_{analysis}")
    block.get_by_placeholder("Prefer").fill("")
    return executed(block)


def authorize(visit: Visit, key: str) -> None:
    """Gives the page an API key by its button."""
    visit.page.get_by_role("button", name="Authorize", exact=True).click()
    dialog = visit.page.locator(".dialog-ux")
    dialog.get_by_label("auth-bearer-value").fill(key)
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close", exact=True).click()
