"""The API key, or else the login of the URL: where it comes from, and to whom it is sent."""

import os
import re
from base64 import b64encode
from collections.abc import Generator
from urllib.parse import unquote_to_bytes

import httpx

from coatcheck.errors import CoatcheckError

#: The variable that holds the key where none is named.
VARIABLE = "COATCHECK_API_KEY"

#: What a bearer token can consist of (RFC 6750, section 2.1).
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def bearer(api_key: str | None, *, of: httpx.URL) -> httpx.Auth | None:
    """What sends the key to the server ``of`` this URL; ``None`` where there is no key.

    Raises:
        CoatcheckError: the key has characters that no key has; the text does not show it.

    """
    key = (os.environ.get(VARIABLE, "") if api_key is None else api_key).strip()
    if not key:
        return None
    if not _TOKEN.fullmatch(key):
        raise CoatcheckError("The API key has characters that no key has; it reads ck_…")
    return _Authorization(f"Bearer {key}", of=of)


def basic(userinfo: bytes, *, of: httpx.URL) -> httpx.Auth | None:
    """What sends ``user:password``, as a URL has it, to the server ``of`` this URL (RFC 7617); ``None`` without any."""
    if not userinfo:
        return None
    user, _, password = userinfo.partition(b":")
    credentials = b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password)).decode()
    return _Authorization(f"Basic {credentials}", of=of)


class _Authorization(httpx.Auth):
    def __init__(self, value: str, *, of: httpx.URL) -> None:
        self._value = value
        self._origin = _origin(of)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        # A Location names a whole URL; whoever else it names must not get the key.
        if _origin(request.url) == self._origin:
            request.headers["Authorization"] = self._value
        yield request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port; httpx leaves out the port that goes without saying."""
    return url.scheme, url.host, url.port
