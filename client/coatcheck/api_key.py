"""The API key: where it comes from, and to whom it is sent."""

import os
import re
from collections.abc import Generator

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
    return _Bearer(key, of=of)


class _Bearer(httpx.Auth):
    def __init__(self, key: str, *, of: httpx.URL) -> None:
        self._key = key
        self._origin = _origin(of)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        # A Location names a whole URL; whoever else it names must not get the key.
        if _origin(request.url) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._key}"
        yield request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port; httpx leaves out the port that goes without saying."""
    return url.scheme, url.host, url.port
