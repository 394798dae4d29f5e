"""What may be logged: URLs and payloads with their secrets masked, and of long payloads the beginning."""

import json
import re
from collections.abc import Mapping
from itertools import islice
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import orjson

#: What stands for a secret.
MASK: Final = "***"

#: Longest text of a payload that is logged, characters; most members of a list or an object, and how deep.
LONGEST, MOST, DEEPEST = 200, 20, 6

#: Longest line about one payload, characters.
LONGEST_LINE = 4000

#: Names whose values are secrets, wherever they stand.
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|password|secret|token|authorization|cookie|credential|api[-_]?key|private[-_]?key|signature",
    re.IGNORECASE,
)

#: Texts that are secrets, whatever they are called: keys of ours, keys of webhooks, tokens, logins in URLs.
_SECRET_TEXT = re.compile(
    r"\bck_[A-Za-z0-9_-]{8,}|\bwhsec_[A-Za-z0-9+/=_-]+|(?<=://)[^/\s@]+(?=@)"
    r"|\bBearer\s+[^\s\"']+|\bBasic\s+[A-Za-z0-9+/=]{8,}|\beyJ[\w-]+\.[\w-]+\.[\w-]*",
    re.IGNORECASE,
)

#: Parameters as in the query of a URL, their names looked at from their begin only: from everywhere, one of thousands
#: of letters would keep a core busy.
_PARAMETER = re.compile(r"(?<![\w.-])([\w.-]++)=[^&\s\"']+")

#: Names among those whose values are secrets.
_SECRET_PARAMETER = re.compile(r"password|secret|token|key|signature|sig", re.IGNORECASE)


def masked(payload: object) -> str:
    """The payload as JSON in one line, without secrets, and cut where it is long."""
    return _cut(json.dumps(_shown(payload, DEEPEST), default=repr), LONGEST_LINE)


def masked_bytes(written: bytes) -> str:
    """The same of JSON that is written already; of what is none its length."""
    try:
        return masked(orjson.loads(written))
    except orjson.JSONDecodeError:
        return f"{len(written)} bytes"


def _shown(value: object, deep: int) -> object:
    if isinstance(value, str):
        return _cut(_text(value), LONGEST)
    if isinstance(value, Mapping):
        return _object(value, deep)
    if isinstance(value, list | tuple):
        shown = [_shown(each, deep - 1) for each in value[:MOST]] if deep else []
        return [*shown, f"... {len(value)} in all"] if len(value) > len(shown) else shown
    return value


def _object(value: Mapping[object, object], deep: int) -> dict[str, object]:
    shown: dict[str, object] = {}
    for name, each in islice(value.items(), MOST if deep else 0):
        said = _cut(str(name), LONGEST)
        shown[said] = MASK if _SECRET_NAME.search(said) else _shown(each, deep - 1)
    return {**shown, "...": f"{len(value)} in all"} if len(value) > len(shown) else shown


def _text(value: str) -> str:
    # What is cut away needs no look, but a secret must not be cut in two and so be missed.
    looked_at = value[: 10 * LONGEST]
    return _PARAMETER.sub(_masked_parameter, _SECRET_TEXT.sub(MASK, looked_at))


def _masked_parameter(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if _SECRET_PARAMETER.search(found[1]) else found[0]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}... {len(text)} characters"


def without_password(url: str) -> str:
    """The URL with ``***`` in place of its passwords, for logs."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return "***"
    if ":" in parts.netloc and "@" in url and "@" not in parts.netloc:
        # A password with a / ? or # that is not quoted seems to end the host; what follows is still secret.
        return f"{parts.scheme}://***@{url.rpartition('@')[2]}"
    place = parts.netloc if password is None else parts.netloc.replace(f":{password}@", ":***@")
    query = re.sub(r"((?:^|&)[^=&]*password=)[^&]*", r"\1***", parts.query)
    if (place, query) == (parts.netloc, parts.query):
        return url
    return urlunsplit(parts._replace(netloc=place, query=query))
