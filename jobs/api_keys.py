"""API keys as values: what one is, how its text is made and checked, what of it is kept; where is in ``key_ring``.

A key reads ``ck_<id>_<secret>``. The id is public and finds the record; of the secret only the SHA-256 is kept. That
is enough, for the secret is 256 random bits that nobody can guess, unlike a password, which would need a slow hash.
"""

import hmac
import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

import orjson

#: The caller without a key; no key can have this name.
ANONYMOUS = "anonymous"

#: Letters of an id: it is typed in commands, where it must not look like an option.
_ID_LETTERS = string.ascii_lowercase + string.digits

#: Letters of an id.
_ID_LENGTH = 12

#: Random bytes of a secret.
_SECRET_BYTES = 32

_TEXT = re.compile(r"ck_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")

#: What a secret is compared with where its id is unknown; no secret has this hash.
_NO_DIGEST = "-" * 64


class Scope(StrEnum):
    """What a key lets its bearer do."""

    #: Hand in jobs, and cancel, finish, retry and purge them.
    SUBMIT = "submit"
    #: See what there is: analyses, jobs, results.
    READ = "read"
    #: Everything, with everybody's jobs.
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """What is kept of a key."""

    #: The public part, 12 letters and digits.
    id: str
    #: Whose it is: jobs belong to the name, and several keys can have the same.
    name: str
    #: SHA-256 of the secret, hexadecimal.
    digest: str = field(repr=False)
    #: What its bearer may do.
    scopes: frozenset[Scope]
    #: When it was made, Unix time in milliseconds.
    created: int
    #: When it ends to be good, Unix time in milliseconds; None: never.
    expires: int | None = None
    #: When it was revoked, Unix time in milliseconds; None: it was not.
    revoked: int | None = None
    #: Submissions that it is good for in a minute; None: no limit of its own.
    rate: int | None = None

    def is_good(self, now: float) -> bool:
        """Whether it is neither revoked nor expired at this Unix time in milliseconds."""
        return self.revoked is None and (self.expires is None or now < self.expires)


def new_key(
    name: str, scopes: Iterable[Scope], *, created: int, expires: int | None = None, rate: int | None = None
) -> tuple[ApiKey, str]:
    """A key that nobody else has: what is to be kept of it, and its text, which can't be had again.

    Raises:
        ValueError: the name or the scopes can't be; one line that says what can.

    """
    chosen = frozenset(scopes)
    if not _NAME.fullmatch(name) or name == ANONYMOUS:
        raise ValueError(f"{name!r} is no name: 1 to 63 of a-z 0-9 _ . -, the first a letter or digit, not {ANONYMOUS}")
    if not chosen:
        raise ValueError(f"a key without scopes opens nothing; there are {', '.join(Scope)}")
    key_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    kept = ApiKey(
        id=key_id, name=name, digest=_digest(secret), scopes=chosen, created=created, expires=expires, rate=rate
    )
    return kept, f"ck_{key_id}_{secret}"


def parts_of(text: str) -> tuple[str, str] | None:
    """Id and secret of a key's text; None for what is no key's."""
    found = _TEXT.fullmatch(text)
    return (found[1], found[2]) if found else None


def opens(secret: str, key: ApiKey | None, *, now: float) -> bool:
    """Whether the secret is this key's and the key is good at ``now`` (Unix time in milliseconds).

    It does the same work where there is no key, so that the time it takes does not tell which ids exist.
    """
    matches = hmac.compare_digest(_digest(secret), _NO_DIGEST if key is None else key.digest)
    return matches and key is not None and key.is_good(now)


def record_of(key: ApiKey) -> bytes:
    """The key as it is kept below its id, JSON."""
    return orjson.dumps(
        {
            "name": key.name,
            "digest": key.digest,
            "scopes": sorted(key.scopes),
            "created": key.created,
            "expires": key.expires,
            "revoked": key.revoked,
            "rate": key.rate,
        }
    )


def key_of(key_id: str, record: bytes) -> ApiKey:
    """The key that was kept; a scope that a later version knows counts for nothing here."""
    kept = orjson.loads(record)
    return ApiKey(
        id=key_id,
        name=kept["name"],
        digest=kept["digest"],
        scopes=frozenset(scope for scope in Scope if scope in kept["scopes"]),
        created=kept["created"],
        expires=kept["expires"],
        revoked=kept["revoked"],
        rate=kept["rate"],
    )


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
