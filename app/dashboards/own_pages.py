"""What only this service's own pages can send: forms with a token, and requests of the same origin.

Sources: https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html,
https://www.w3.org/TR/fetch-metadata/
"""

import hashlib
from urllib.parse import urlsplit

from flask import request
from itsdangerous import BadSignature, TimestampSigner

#: The field of a form that has the token.
FIELD = "token"

#: How long a form may stay open before it is sent, seconds.
_OPEN = 3600


def form_token(purpose: str, secret: str) -> str:
    """What a form for this purpose is to send back; ``secret`` is in a cookie that no other site's page can set."""
    return _signer(secret).sign(purpose).decode()


def sends_own_form(purpose: str, secret: str) -> bool:
    """Whether the request is such a form, sent within an hour by the browser that it was shown to."""
    token = request.form.get(FIELD, "")
    try:
        signed = _signer(secret).unsign(token, max_age=_OPEN)
    except BadSignature:
        return False
    return bool(secret) and signed == purpose.encode() and comes_from_own_page()


def comes_from_own_page() -> bool:
    """Whether a browser says that a page of this host asked; one that does not say so is not believed."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    # Old browsers, and pages of addresses without TLS. Schemes may differ: TLS may end in front of us.
    try:
        return urlsplit(request.headers.get("Origin", "")).netloc == request.host
    except ValueError:
        return False


def _signer(secret: str) -> TimestampSigner:
    return TimestampSigner(secret, salt="coatcheck-form", digest_method=hashlib.sha256)
