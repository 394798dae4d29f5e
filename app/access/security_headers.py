"""The headers by which answers tell browsers what not to do with them.

Sources: https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers,
https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask, Response

#: What every answer has, unless its view says something of its own: it is data, and nobody else's page shows it.
OF_ANSWERS: tuple[tuple[str, str], ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
)

#: What pages have beside: they need no device, and no other page gets hold of their window.
OF_PAGES: tuple[tuple[str, str], ...] = (
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


def register_security_headers(app: "Flask") -> None:
    """Adds the headers of pages; those of all answers come from ``request_log``, as the express lane has them too."""
    app.after_request(_guard_page)


def _guard_page(response: "Response") -> "Response":
    if response.mimetype == "text/html":
        for name, value in OF_PAGES:
            response.headers.setdefault(name, value)
    return response
