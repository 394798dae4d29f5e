"""The Idempotency-Key of a request: what it is, and what makes two requests the same.

Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import hashlib
import re

import orjson
from flask import Request

from app.problems import Problem
from app.submitting.bodies import Body
from jobs.intake import Idempotency

#: A string of RFC 8941 in its quotes, as the draft has it; or bare, as most clients send it.
_QUOTED = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}"'
_BARE = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x7e]{1,255}"

#: What an Idempotency-Key looks like, as JSON Schema says it.
IDEMPOTENCY_KEY = f"^({_QUOTED}|{_BARE})$"

_KEY = re.compile(IDEMPOTENCY_KEY)
_ESCAPED = re.compile(r'\\(["\\])')


def idempotency_of(request: Request, *, caller: str, body: Body | None) -> Idempotency | None:
    """What the request's Idempotency-Key stands for; None where it has none. ``body`` is None for one without a body.

    Raises:
        Problem: the key is malformed, or there are several.

    """
    given = request.headers.getlist("Idempotency-Key")
    if not given:
        return None
    found = _KEY.fullmatch(given[0].strip())
    if len(given) > 1 or found is None:
        raise Problem(
            "malformed-idempotency-key",
            "Send one Idempotency-Key of 1 to 255 printable ASCII characters, such as a UUID, in quotes or bare.",
        )
    key = _unquoted(found[1])
    return Idempotency(digest=_digest(caller, request.method, request.path, key), fingerprint=_fingerprint(body))


def _unquoted(key: str) -> str:
    """The key itself: of a string of RFC 8941 what it says."""
    return _ESCAPED.sub(r"\1", key[1:-1]) if key.startswith('"') else key


def _fingerprint(body: Body | None) -> str:
    """The digest of the body, the same for bodies that say the same: the order of members does not count."""
    if body is None:
        return _digest("")
    members = orjson.dumps(body.members, option=orjson.OPT_SORT_KEYS).decode()
    if body.upload is None:
        return _digest(members, *sorted(body.errors))
    upload = body.upload
    # Without a name there is a part less: that is not the same as an empty name.
    name = [] if upload.name is None else [upload.name]
    return _digest(members, upload.media_type, hashlib.sha256(upload.content).hexdigest(), *name, *sorted(body.errors))


def _digest(*parts: str) -> str:
    whole = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        whole.update(len(raw).to_bytes(8) + raw)
    return whole.hexdigest()
