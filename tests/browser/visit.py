"""A visit to a page in a real browser: the page itself, what the browser complained of, and whom it asked."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request

#: How long a page may take to show something on a busy machine, milliseconds.
PATIENCE = 40_000

#: A screen of a small phone, pixels.
NARROW = 375

#: Ends what fades in two frames' time: the first one tells the page of a change, the second begins to show it.
_COME_TO_REST = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
    document.getAnimations().forEach((animation) => animation.finish());
    done();
})))"""


@dataclass
class Visit:
    """One browser window with nothing remembered from others."""

    page: Page
    #: Errors and warnings of the console, violations of the page's policy among them, and errors of scripts.
    complaints: list[str] = field(default_factory=list)
    #: The URLs that were asked for, but those that carry their content themselves.
    asked: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, browser: Browser) -> Self:
        """A new window that is listened to from the beginning."""
        visit = cls(browser.new_context().new_page())
        visit.page.set_default_timeout(PATIENCE)
        visit.page.on("console", visit._hear)
        visit.page.on("pageerror", visit._note_error)
        visit.page.on("request", visit._note_request)
        return visit

    def end(self) -> None:
        """Closes the window and forgets what it knew."""
        self.page.context.close()

    @property
    def asked_hosts(self) -> set[str]:
        """Every host and port that was asked for something."""
        return {urlsplit(url).netloc for url in self.asked}

    @property
    def overhang(self) -> int:
        """How far the page reaches beyond the right edge of the window, pixels."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def wear(self, scheme: str) -> None:
        """Switches the window to the `light` or the `dark` scheme."""
        self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        self.page.evaluate(_COME_TO_REST)

    def narrow(self) -> None:
        """Makes the window as narrow as a small phone."""
        self.page.set_viewport_size({"width": NARROW, "height": 800})

    def barriers(self, *rules: str, within: tuple[str, ...] = ("html",)) -> dict[str, list[str]]:
        """What keeps people from reading and using these parts of the page: elements by the rule that they break.

        The rules are axe-core's, by name or tag: https://dequeuniversity.com/rules/axe/
        """
        found = Axe().run(self.page, context=list(within), options={"runOnly": list(rules)}).response
        assert found["passes"], "None of the rules applies to anything there."
        return {each["id"]: [node["html"] for node in each["nodes"]] for each in found["violations"]}

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _note_error(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.asked.append(request.url)
