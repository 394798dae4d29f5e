"""The names that Flower goes by where no proxy asks who somebody is: a page of elsewhere must not read it.

Such a page may have its own name resolve to this machine (DNS rebinding). What it can't do is send another Host than
that name, which is never an IP address, ``localhost`` or a name without a dot.

Source: https://www.tornadoweb.org/en/stable/guide/security.html#dns-rebinding
"""

from collections.abc import Sequence
from functools import partial

from flower import command  # type: ignore[import-untyped]
from flower.app import Flower  # type: ignore[import-untyped]
from tornado.httputil import HTTPServerRequest
from tornado.netutil import is_valid_ip
from tornado.web import ErrorHandler

#: Misdirected Request (RFC 9110, section 15.5.20).
_MISDIRECTED = 421

_SAID = (
    "Flower does not go by this name. COATCHECK_ALLOWED_HOSTS names hosts; COATCHECK_FLOWER_BEHIND_PROXY=true says "
    "that a proxy lets in only who may see it.\n"
)


def go_by(names: Sequence[str]) -> None:
    """Lets the Flower that this process will serve go by these names only, beside those that no page can have.

    ``names`` are as in ``COATCHECK_ALLOWED_HOSTS``.
    """
    # Flower's command knows no other way to say which application it serves.
    command.Flower = partial(_OfKnownHosts, names=tuple(map(str.lower, names)))


def is_one_of(names: Sequence[str], host: str) -> bool:
    """Whether the host, in small letters and without a port, is one of these or one that no page can have."""
    name = host.removesuffix(".")
    if "." not in name or name.endswith(".localhost") or is_valid_ip(name):
        return True
    return any(each in ("*", name) or (each.startswith(".") and name.endswith(each)) for each in names)


class _OfKnownHosts(Flower):  # type: ignore[misc]
    def __init__(self, *, names: Sequence[str], **settings: object) -> None:
        super().__init__(**settings)
        self._names = names

    def find_handler(self, request: HTTPServerRequest, **how: object) -> object:
        """The handler of the request, whatever its path, by whom it is for."""
        if is_one_of(self._names, request.host_name):
            return super().find_handler(request, **how)
        return self.get_handler_delegate(request, _Misdirected, {"status_code": _MISDIRECTED})


class _Misdirected(ErrorHandler):
    def write_error(self, status_code: int, **_: object) -> None:
        """Says what would help who reads it rightly."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(_SAID)
