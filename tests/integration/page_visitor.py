"""A browser that looks at the service's pages, as far as cookies and headers go; and what the pages say to it."""

import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

#: What a browser says of a form that the page of the same host sends.
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}


@dataclass
class Visitor:
    """A browser with cookies of its own."""

    client: FlaskClient
    #: What comes with each request beside.
    headers: dict[str, str] = field(default_factory=lambda: {"Accept": "text/html,*/*;q=0.8"})
    base: str = "http://localhost"

    @classmethod
    def of(cls, app: Flask, **headers: str) -> "Visitor":
        visitor = cls(app.test_client())
        visitor.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        return visitor

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=self.headers, base_url=self.base)

    def post(self, path: str, said: dict[str, str] | None = None, **headers: str) -> TestResponse:
        sent = self.headers | OWN_PAGE | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, data=said or {}, headers=sent, base_url=self.base)

    def field(self, name: str, path: str = "/sign-in") -> str:
        """What the page has in a hidden field."""
        return hidden(self.get(path), name)

    def sign_in(self, key: str, *, next_page: str = "", **headers: str) -> TestResponse:
        """Sends the form as the page shows it."""
        return self.post("/sign-in", {"key": key, "next": next_page, "token": self.field("token")}, **headers)

    def sign_out(self, **headers: str) -> TestResponse:
        return self.post("/sign-out", {"token": self.field("token")}, **headers)


def hidden(page: TestResponse, name: str) -> str:
    """What the page has in a hidden field; "" without one."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.get_data(as_text=True))
    return found[1] if found else ""


def cookies_of(answer: TestResponse) -> SimpleCookie:
    """The cookies that an answer sets or drops."""
    cookies = SimpleCookie()
    for line in answer.headers.getlist("Set-Cookie"):
        cookies.load(line)
    return cookies


def place(answer: TestResponse) -> str:
    """Where a redirect leads: path and query."""
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
