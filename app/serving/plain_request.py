"""Requests that have one reading only, told from their bytes at a glance.

gunicorn's parser takes HTTP in all its forms, and a quarter of the time that a usual request takes. Nearly all requests
have a plain form: one of two methods, a path without escapes, each header once and in ASCII, a body of a known length.
What has any other form is not judged here, be it good or bad: it goes to gunicorn, from its first byte.

Source: https://www.rfc-editor.org/rfc/rfc9112
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

#: Longest head of a plain request, bytes; below every limit that the server has for a head's parts.
LONGEST_HEAD = 4000

#: Most headers of a plain request.
MOST_HEADERS = 50

_HEAD = re.compile(
    r"(?P<method>GET|POST) (?P<path>/[A-Za-z0-9._~/-]*)(?:\?(?P<query>[!\"$-~]+))? HTTP/1\.1\r\n"
    r"(?P<fields>(?:[A-Za-z0-9-]+:[ -~]*\r\n)+)\r\n"
)

#: Headers that say how the rest of the connection is to be read; their names as WSGI has them.
_CHANGING = frozenset(
    {
        "HTTP_TRANSFER_ENCODING",
        "HTTP_TE",
        "HTTP_TRAILER",
        "HTTP_EXPECT",
        "HTTP_UPGRADE",
        "HTTP_HTTP2_SETTINGS",
        "HTTP_PROXY_CONNECTION",
        "HTTP_KEEP_ALIVE",
    }
)

#: Headers that WSGI has under names of their own.
_OWN_NAMES = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})

#: A body's length: no more digits than Redis could ever keep bytes.
_LENGTH = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class PlainHead:
    """The head of a plain request."""

    method: str
    path: str
    query: str
    #: The headers, by their names in WSGI.
    fields: dict[str, str]
    #: Bytes of the head, and of the body behind it.
    size: int
    length: int

    def environ(self, body: bytes) -> dict[str, object]:
        """What WSGI is told of the request; what does not differ between requests is not in it."""
        uri = f"{self.path}?{self.query}" if self.query else self.path
        return {
            "REQUEST_METHOD": self.method,
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "RAW_URI": uri,
            "wsgi.input": BytesIO(body),
            **self.fields,
        }


def plain_head(data: bytes) -> PlainHead | None:
    """The head with which the bytes begin, if it is there to its end and plain."""
    size = data.find(b"\r\n\r\n", 0, LONGEST_HEAD) + 4
    found = _HEAD.fullmatch(data[:size].decode("latin-1")) if size >= 4 else None
    if found is None:
        return None
    method, path, query, written = found.groups(default="")
    fields = _fields(written)
    if fields is None:
        return None
    length = fields.get("CONTENT_LENGTH", "0")
    # A GET with a body is nothing usual; a POST without a length has none to be known.
    if not _LENGTH.fullmatch(length) or (method == "POST") != ("CONTENT_LENGTH" in fields):
        return None
    return PlainHead(method, path, query, fields, size, int(length))


def _fields(written: str) -> dict[str, str] | None:
    """The headers by their names in WSGI; None where they are not plain."""
    lines = written.split("\r\n")
    fields = {}
    for line in lines[:-1]:
        name, _, value = line.partition(":")
        fields[_variable(name)] = value.strip(" ")
    connection = fields.get("HTTP_CONNECTION", "keep-alive")
    is_plain = (
        len(fields) == len(lines) - 1 <= MOST_HEADERS
        and bool(fields.get("HTTP_HOST"))
        and connection.lower() == "keep-alive"
        and _CHANGING.isdisjoint(fields)
    )
    return fields if is_plain else None


@lru_cache(maxsize=1024)
def _variable(name: str) -> str:
    variable = name.upper().replace("-", "_")
    return variable if variable in _OWN_NAMES else f"HTTP_{variable}"
