"""Where a webhook may go: how its URL is read, and which addresses are internal; nothing is resolved or called here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import inet_aton
from urllib.parse import urlsplit

from jobs.errors import JobsError

#: An address of either version.
Address = IPv4Address | IPv6Address

#: Longest URL, characters.
LONGEST_URL = 2048

#: The ports that a URL without one means.
_PORTS = {"http": 80, "https": 443}

#: A host's name; underscores are no part of it by the book, yet there are such names.
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")

#: The addresses that stand for IPv4 ones behind a translator (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")

#: What ``ipaddress`` takes for public, at least in some versions: the protocols' own block, where clouds have services
#: too, the relays of 6to4, and, public by its number, the service of an Azure machine's host.
_ALSO_INTERNAL = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))


class EndpointRefused(JobsError):
    """A webhook can't go there; the text says why, to the client."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """The URL of a webhook, read once: who checks it and who calls it see the same parts."""

    url: str
    #: ``http`` or ``https``.
    scheme: str
    #: A name in lower case, or an address without brackets.
    host: str
    port: int
    #: Path and query, as the request line has them.
    target: str

    @property
    def authority(self) -> str:
        """What the ``Host`` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_endpoint(url: str) -> Endpoint:
    """The parts of a webhook's URL.

    Raises:
        EndpointRefused: it is no URL that a webhook can have.

    """
    # Before it is parsed: the parser drops line breaks and tabs, and others take a backslash for a slash.
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise EndpointRefused("A URL has visible ASCII characters only; encode the others.")
    if len(url) > LONGEST_URL:
        raise EndpointRefused(f"Longer than {LONGEST_URL} characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise EndpointRefused("Not a URL.") from None
    if parts.scheme not in _PORTS:
        raise EndpointRefused("A webhook's URL begins with http:// or https://.")
    if "@" in parts.netloc:
        raise EndpointRefused("A URL with a user or a password is not taken; check the signature instead.")
    if "#" in url:
        raise EndpointRefused("A URL with a fragment is not taken, for it would not be sent.")
    if "[" in parts.netloc and ":" not in (parts.hostname or ""):
        raise EndpointRefused("Brackets are for IPv6 addresses.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = _PORTS[parts.scheme] if port is None else port
    return Endpoint(url=url, scheme=parts.scheme, host=_host(parts.hostname or ""), port=_port(port), target=target)


def _host(host: str) -> str:
    if not host:
        raise EndpointRefused("The URL has no host.")
    known = _NAME.fullmatch(host) or (_literal(host) is not None and "%" not in host)
    if not known:
        raise EndpointRefused("The URL's host is neither a name nor an address.")
    return host


def _port(port: int) -> int:
    if not port:
        raise EndpointRefused("Nobody can listen on port 0.")
    return port


def _literal(host: str) -> Address | None:
    """The address that the host is; None for a name. Shortened IPv4 (``127.1``, ``0x7f000001``) is one too."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(inet_aton(host))
    except (OSError, ValueError):
        return None


def is_internal(address: Address) -> bool:
    """Whether the address is anything but one host's on the public internet.

    Source: the IANA registries of special addresses (RFC 6890), as ``ipaddress`` knows them.
    """
    inner = _embedded(address)
    if inner is not None:
        return is_internal(inner)
    return (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or any(address in network for network in _ALSO_INTERNAL)
        or (isinstance(address, IPv6Address) and address.is_site_local)
    )


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address where a packet to this one ends up: mapped, 6to4 or NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


class Reach:
    """Where webhooks may go: to public addresses, and wherever the operator allows."""

    def __init__(self, allowed: Sequence[str]) -> None:
        """``allowed`` has networks (``10.0.0.0/8``), addresses and names of hosts.

        Raises:
            ValueError: one of them is neither.

        """
        self._hosts: set[str] = set()
        self._networks = []
        for entry in allowed:
            try:
                self._networks.append(ip_network(entry, strict=False))
            except ValueError:
                self._hosts.add(_checked_name(entry.lower()))

    def includes(self, endpoint: Endpoint, address: Address) -> bool:
        """Whether this address may be called for the endpoint."""
        if endpoint.host in self._hosts or not is_internal(address):
            return True
        end = _embedded(address) or address
        return any(end in network for network in self._networks)

    def check(self, endpoint: Endpoint) -> None:
        """Looks at the URL alone: an internal address in it is told at once, a name when it is called.

        Raises:
            EndpointRefused: the host is an internal address, or this machine by its name.

        """
        literal = _literal(endpoint.host)
        if literal is None and re.fullmatch(r"(.*\.)?localhost\.?", endpoint.host):
            literal = IPv4Address("127.0.0.1")
        if literal is not None and not self.includes(endpoint, literal):
            raise EndpointRefused("The host is an internal address, and webhooks go to public ones.")


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError
    return name
