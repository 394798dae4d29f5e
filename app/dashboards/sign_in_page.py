"""The page to sign in by, as a browser gets it: also after a try that failed, and by whoever has signed in."""

import secrets
from collections.abc import Mapping

from flask import Response, render_template

from app.access.authentication import caller_of_key
from app.access.visitors import cookie, page_on_this_host, set_cookie, signed_in_key
from app.answers import NO_STORE
from app.dashboards.own_pages import form_token
from app.desk import desk

#: What the forms of the page are for; the token of one is none for the other.
SIGN_IN, SIGN_OUT = "sign-in", "sign-out"

#: The page has no scripts, loads nothing, and sends its forms here only.
_POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

#: Random bytes of what makes the tokens of a browser's forms its own.
_BYTES = 32


def show(
    fault: str = "", *, status: int = 200, headers: Mapping[str, str] | None = None, next_page: str = ""
) -> Response:
    """The page; ``fault`` is what was wrong with the last try, ``next_page`` where to go after the next one.

    Raises:
        StoreUnavailable: Redis can't tell now who has signed in.

    """
    secret = cookie("form") or secrets.token_urlsafe(_BYTES)
    nonce = secrets.token_urlsafe(16)
    text = render_template(
        "sign_in.html",
        fault=fault,
        visitor=caller_of_key(signed_in_key()),
        next_page=page_on_this_host(next_page),
        sign_in_token=form_token(SIGN_IN, secret),
        sign_out_token=form_token(SIGN_OUT, cookie("session")),
        settings=desk().settings,
        nonce=nonce,
    )
    answer = Response(text, status=status, mimetype="text/html", headers=[NO_STORE])
    answer.headers.update(headers or {})
    answer.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    # Browsers that name no referrer do not say either where a form comes from.
    answer.headers["Referrer-Policy"] = "same-origin"
    set_cookie(answer, "form", secret)
    return answer
