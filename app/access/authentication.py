"""Authentication: finds out by its API key who makes a request, and lets nobody do what their key is not for.

Sources: https://www.rfc-editor.org/rfc/rfc6750 (bearer tokens), https://www.rfc-editor.org/rfc/rfc9110#section-11
"""

import re
import time
from typing import cast

import structlog
from flask import Flask, abort, current_app, g, request

from app.access.callers import EVERYBODY, OPERATOR, Caller
from app.access.known_keys import KnownKeys
from app.access.visitors import signed_in_key, to_sign_in, wants_page
from app.description.operations import Operation, operation_of
from app.problems import Problem
from jobs.api_keys import ApiKey, Scope, opens, parts_of
from jobs.key_ring import KeyRing

_EXTENSION = "coatcheck-doorkeeper"

#: What every challenge begins with.
_CHALLENGE = 'Bearer realm="coatcheck"'

#: The scheme's name is written in any case (RFC 9110, section 11.1).
_BEARER = re.compile(r"bearer(?: +(.*))?", re.IGNORECASE | re.DOTALL)


def register_authentication(app: Flask, ring: KeyRing, *, is_open: bool) -> "Doorkeeper":
    """Asks everybody for a key, at every route that is not public; ``is_open``: lets in whoever sends none, too."""
    doorkeeper = Doorkeeper(KnownKeys(ring.find), is_open=is_open)
    app.extensions[_EXTENSION] = doorkeeper
    app.before_request(doorkeeper.admit)
    return doorkeeper


def caller_with_key(text: str) -> Caller:
    """Whoever has the API key of this text.

    Raises:
        Problem: it is not good.
        StoreUnavailable: Redis can't tell now whose key it is.

    """
    return _doorkeeper().caller_with(text)


def caller_of_key(key_id: str) -> Caller | None:
    """Whose API key has this id; None where it is none, or no longer good.

    Raises:
        StoreUnavailable: Redis can't tell now.

    """
    return _doorkeeper().caller_of(key_id)


def check_still_welcome(caller: Caller) -> None:
    """Whoever was let in a while ago may stay: what waits or streams for long asks now and then.

    Raises:
        Problem: their key was revoked meanwhile, or has expired.
        StoreUnavailable: Redis can't tell now.

    """
    _doorkeeper().check(caller)


class Doorkeeper:
    """Who stands before every view."""

    def __init__(self, known: KnownKeys, *, is_open: bool) -> None:
        self._known = known
        self._is_open = is_open

    def admit(self) -> None:
        """Lets the request pass, and notes who makes it.

        Raises:
            Problem: its key is missing, not good, or not for this.
            StoreUnavailable: Redis can't tell now whose key it is.

        """
        operation = _wanted()
        if operation is None or operation.scope is None:
            return
        said = ",".join(request.headers.getlist("Authorization"))
        by_cookie = operation.by_session and not _BEARER.fullmatch(said)
        g.caller = self._visitor() if by_cookie else self.caller_who_says(said)
        if g.caller.key_id:
            structlog.contextvars.bind_contextvars(caller=g.caller.name, key_id=g.caller.key_id)
        if not g.caller.may(operation.scope):
            raise _not_for(operation.scope)

    def check(self, caller: Caller) -> None:
        """What :func:`check_still_welcome` does."""
        if not caller.key_id:
            return
        key = self._known.find(caller.key_id)
        if key is None or not key.is_good(time.time() * 1000):
            raise _bad_key()

    def caller_who_says(self, said: str) -> Caller:
        """Who sends this ``Authorization``, "" for none; several headers are joined by commas.

        Raises:
            Problem: the key is missing, or not good.
            StoreUnavailable: Redis can't tell now whose key it is.

        """
        # Several headers are several credentials: none is better than the others, so none counts.
        bearer = _BEARER.fullmatch(said)
        if bearer is not None:
            return self.caller_with(bearer[1] or "")
        # What another scheme says is for a proxy in front; it opens nothing here, and takes nothing away.
        if self._is_open:
            return EVERYBODY
        raise _no_key(said)

    def caller_with(self, text: str) -> Caller:
        """What :func:`caller_with_key` does."""
        parts = parts_of(text)
        if parts is None:
            raise _bad_key()
        key_id, secret = parts
        key = self._known.find(key_id)
        if not opens(secret, key, now=time.time() * 1000) or key is None:
            raise _bad_key()
        return _caller(key)

    def caller_of(self, key_id: str) -> Caller | None:
        """What :func:`caller_of_key` does."""
        key = self._known.find(key_id) if key_id else None
        return _caller(key) if key is not None and key.is_good(time.time() * 1000) else None

    def _visitor(self) -> Caller:
        """Who looks at a page in a browser, and sends no key."""
        found = self.caller_of(signed_in_key())
        if found is not None:
            return found
        if self._is_open:
            return OPERATOR
        if request.method == "GET" and wants_page():
            abort(to_sign_in())
        raise _no_key("")


def _caller(key: ApiKey) -> Caller:
    return Caller(name=key.name, scopes=key.scopes, key_id=key.id, rate=key.rate)


def _doorkeeper() -> Doorkeeper:
    return cast("Doorkeeper", current_app.extensions[_EXTENSION])


def _wanted() -> Operation | None:
    """What the request asks for; None where no route was found, which is answered with 404 or 405."""
    if request.url_rule is None:
        return None
    operation = operation_of(current_app.view_functions[request.url_rule.endpoint])
    if operation is None:
        raise LookupError(f"The view of {request.url_rule} does not say who may use it.")
    return operation


def _no_key(said: str) -> Problem:
    why = "Only API keys are taken" if said else "This needs an API key"
    return Problem(
        "unauthorized", f"{why}; send Authorization: Bearer <key>.", headers={"WWW-Authenticate": _CHALLENGE}
    )


def _bad_key() -> Problem:
    """The same whatever is wrong, so that ids and secrets can't be told apart by trying."""
    return Problem(
        "unauthorized",
        "The API key is not valid: mistyped, unknown, revoked or expired.",
        headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'},
    )


def _not_for(scope: Scope) -> Problem:
    return Problem(
        "forbidden",
        f"This needs a key with the scope {scope}.",
        members={"scope": scope},
        headers={"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'},
    )
