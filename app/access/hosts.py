"""The names that this service goes by: whoever calls it by another one is refused.

A page of elsewhere may have its own name resolve to this machine (DNS rebinding); its browser then takes the service
for a part of that site, and shows the page every answer. What the page can't do is send another Host than its own name,
and that is never an IP address, ``localhost`` or a name without a dot: these are good always.

Source: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20
"""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask, request

from app.problems import Problem
from jobs.settings import Settings

#: Stands for every name.
ANY = "*"


class Hosts:
    """The hosts by which requests may come."""

    def __init__(self, settings: Settings) -> None:
        """The names that are set, and the one that it listens on.

        All are good where keys are asked for and none are set: a page of elsewhere has no key.
        """
        asks = settings.open or bool(settings.allowed_hosts)
        self._names = (*settings.allowed_hosts, settings.host) if asks else (ANY,)

    def take(self, host: str) -> bool:
        """Whether a request with this ``Host`` is for this service."""
        return _is_one_of(host, self._names)


def register_hosts(app: Flask, settings: Settings) -> None:
    """Asks every request for whom it is."""
    app.before_request(_Porter(Hosts(settings)).check)


class _Porter:
    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def check(self) -> None:
        """Raises Problem where the request is for somebody else."""
        if not self._hosts.take(request.host):
            name = request.host[:100]
            raise Problem("unknown-host", f"This service does not go by {name!r}; COATCHECK_ALLOWED_HOSTS names hosts.")


@lru_cache(maxsize=1024)
def _is_one_of(host: str, names: tuple[str, ...]) -> bool:
    if ANY in names:
        return True
    name = _name_in(host)
    if "." not in name or name.endswith(".localhost") or _is_address(name):
        return True
    return any(name.endswith(each) if each.startswith(".") else name == each for each in map(str.lower, names))


def _name_in(host: str) -> str:
    """The name in a Host, without the port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return host


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
