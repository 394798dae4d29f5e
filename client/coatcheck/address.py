"""The server's address: a URL, and the user and password that it may carry for a proxy, which are never shown."""

import httpx


def userinfo_of(url: str) -> bytes:
    """User and password of the URL, as they stand in it; empty where it has none.

    Raises:
        httpx.InvalidURL: it is no URL.

    """
    return httpx.URL(url).userinfo


def without_login(url: str) -> str:
    """The URL without user and password, as it can be shown; of what is no URL only what follows the last @."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return _behind_login(url)
    if parsed.userinfo:
        return str(parsed.copy_with(userinfo=b""))
    # Without a scheme a user is taken for one, and the rest for a path. And a / ? or # in a password that is not quoted
    # seems to end the host; what is in front of it is then taken for a port.
    is_torn = parsed.port is not None and "@" in url
    return _behind_login(url) if is_torn or not parsed.host else url


def _behind_login(text: str) -> str:
    """Nobody knows where a password ends that has, say, a slash."""
    _, at, rest = text.rpartition("@")
    return f"…@{rest}" if at else text
