"""Who looks at pages in a browser: whoever has signed in is known by a cookie; it opens nothing but pages.

Source: https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
"""

import re
from typing import cast
from urllib.parse import urlencode

from flask import Flask, Response, current_app, redirect, request
from werkzeug.urls import iri_to_uri

from app.urls import absolute
from jobs.sessions import Sessions

_EXTENSION = "coatcheck-sessions"

#: A path on this host: printable ASCII, and nothing that a browser takes for another host.
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")


def register_sessions(app: Flask, sessions: Sessions) -> None:
    """Lets this application know by their sessions who has signed in."""
    app.extensions[_EXTENSION] = sessions


def sessions() -> Sessions:
    """The sessions of the application that handles this request."""
    return cast("Sessions", current_app.extensions[_EXTENSION])


def signed_in_key() -> str:
    """The id of the key that this browser has signed in with; "" where it has not.

    Raises:
        StoreUnavailable: Redis can't tell now.

    """
    session = cookie("session")
    return (session and sessions().key_id(session)) or ""


def wants_page() -> bool:
    """Whether a browser asks; programs that accept anything get JSON."""
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"], "application/json")
    return wanted == "text/html"


def to_sign_in() -> Response:
    """Where a browser goes that has not signed in; afterwards it comes back."""
    # Where a proxy asks on behalf of a page that it guards, it names that page.
    wanted = request.headers.get("X-Forwarded-Uri") or iri_to_uri(request.full_path.removesuffix("?"))
    return see_other(absolute(f"/sign-in?{urlencode({'next': _below_prefix(wanted)})}"))


def _below_prefix(path: str) -> str:
    """The path as the browser knows it; the proxy may have taken the prefix away, or not."""
    prefix = request.script_root
    return path if path.startswith(f"{prefix}/") else prefix + path


def page_on_this_host(given: str) -> str:
    """The path that was given, if it stays on this host and below the prefix of this service; else ""."""
    return given if _PATH.fullmatch(given) and given.startswith(f"{request.script_root}/") else ""


def on_this_host(given: str) -> str:
    """The URL of that path, absolute; "" where it does not stay here."""
    path = page_on_this_host(given)
    return path and request.host_url.removesuffix("/") + path


def see_other(url: str) -> Response:
    """303: goes on with a GET there."""
    answer = cast("Response", redirect(url, 303))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def cookie(use: str) -> str:
    """What the browser sends in its cookie for this use, "" for none."""
    return request.cookies.get(_name(use), "")


def set_cookie(response: Response, use: str, value: str) -> None:
    """Has the browser send this until it is closed; to this service only, and only when its own pages ask."""
    response.set_cookie(
        _name(use), value, path=_path(), secure=request.is_secure, httponly=True, samesite="Strict", max_age=None
    )


def drop_cookie(response: Response, use: str) -> None:
    """Has the browser forget what :func:`set_cookie` said."""
    response.delete_cookie(_name(use), path=_path(), secure=request.is_secure, httponly=True, samesite="Strict")


def _name(use: str) -> str:
    # A browser takes a name that begins so over TLS only, so nobody on the way can plant one.
    return f"__Secure-coatcheck-{use}" if request.is_secure else f"coatcheck-{use}"


def _path() -> str:
    # Services below different paths of one host do not get each other's.
    return f"{request.script_root}/"
