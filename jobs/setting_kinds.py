"""The kinds of settings: what each may be, how it is read from a variable, and what refuses the rest."""

import re
from collections.abc import Callable
from dataclasses import field
from typing import cast

from fsspec import available_protocols
from marshmallow.validate import OneOf, Range, Regexp

from jobs.broker_url import parse_broker_url
from jobs.redis_url import parse_redis_url
from jobs.webhook_address import Reach

#: What a setting can be.
Value = str | int | float | bool | tuple[str, ...]

#: Seconds of a day.
DAY = 24 * 3600


def _setting(
    default: Value,
    *,
    reads: str,
    allowed: str,
    check: Callable[..., object] | None = None,
    secret: bool = False,
) -> Value:
    """A field of :class:`Settings`: which environs parser reads it, what is allowed, and what refuses the rest."""
    metadata = {"reads": reads, "allowed": allowed, "check": check, "secret": secret}
    return field(default=default, metadata=metadata)


def seconds(default: float, *, least: float, most: float) -> float:
    """A duration within bounds."""
    allowed = f"seconds from {least:.9g} to {most:.9g}"
    return cast("float", _setting(default, reads="float", allowed=allowed, check=Range(least, most)))


def count(default: int, *, least: int, most: int, unit: str = "a whole number") -> int:
    """A whole number within bounds; ``unit`` is what it counts, where that is not plain."""
    allowed = f"{unit} from {least} to {most}"
    return cast("int", _setting(default, reads="int", allowed=allowed, check=Range(least, most)))


def text(default: str, *, pattern: str, allowed: str, secret: bool = False) -> str:
    """A text of this pattern; a ``secret`` one is never shown."""
    check = Regexp(re.compile(pattern + r"\Z"))
    return cast("str", _setting(default, reads="str", allowed=allowed, check=check, secret=secret))


def choice(default: str, *choices: str) -> str:
    """One of some words."""
    return cast("str", _setting(default, reads="str", allowed=" or ".join(choices), check=OneOf(choices)))


def packages(default: tuple[str, ...]) -> tuple[str, ...]:
    """Names of Python packages."""
    allowed = "names of Python packages, separated by commas"
    return cast("tuple[str, ...]", _setting(default, reads="list", allowed=allowed, check=_names_of_packages))


def delays(*default: str) -> tuple[str, ...]:
    """Waits, one after the other."""
    allowed = "seconds from 0 to 604800, separated by commas; at most 20"
    return cast("tuple[str, ...]", _setting(default, reads="list", allowed=allowed, check=_seconds_of_a_week))


def host_names() -> tuple[str, ...]:
    """Names of hosts."""
    allowed = "names of hosts, .example.org for all below example.org, or *, separated by commas"
    return cast("tuple[str, ...]", _setting((), reads="list", allowed=allowed, check=_names_of_hosts))


def origins() -> tuple[str, ...]:
    """Origins of web pages."""
    allowed = "origins as browsers send them, such as https://app.example.org, separated by commas; or * alone"
    return cast("tuple[str, ...]", _setting((), reads="list", allowed=allowed, check=_origins_of_pages))


def reach() -> tuple[str, ...]:
    """Networks, addresses and hosts."""
    allowed = "networks, addresses or names of hosts, separated by commas"
    return cast("tuple[str, ...]", _setting((), reads="list", allowed=allowed, check=Reach))


def switch(*, default: bool) -> bool:
    """Yes or no."""
    return cast("bool", _setting(default, reads="bool", allowed="true or false"))


def blob_url(default: str) -> str:
    """Where files are kept."""
    allowed = "a URL of a protocol that fsspec knows, or an absolute folder"
    return cast("str", _setting(default, reads="str", allowed=allowed, check=_url_that_fsspec_knows, secret=True))


def redis_url(default: str) -> str:
    """A Redis."""
    allowed = (
        "redis://host:port/db, rediss://host:port/db, unix:///path.sock?db=0 or sentinel://host,host/db?master=name"
    )
    return cast("str", _setting(default, reads="str", allowed=allowed, check=parse_redis_url, secret=True))


def broker_url(default: str) -> str:
    """A broker of Celery's, or none."""
    allowed = "amqp://user:password@host:port/vhost, amqps://user:password@host:port/vhost or nothing"
    return cast("str", _setting(default, reads="str", allowed=allowed, check=parse_broker_url, secret=True))


def _url_that_fsspec_knows(url: str) -> None:
    protocol, separator, rest = url.partition("://")
    if separator and rest and protocol in available_protocols():
        return
    if url and not url.startswith("/"):
        raise ValueError


def _names_of_packages(names: list[str]) -> None:
    if not names or not all(re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name) for name in names):
        raise ValueError


def _names_of_hosts(names: list[str]) -> None:
    if not all(re.fullmatch(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name) for name in names):
        raise ValueError


def _origins_of_pages(origins: list[str]) -> None:
    """A browser leaves out the port that its scheme has anyway, and writes everything small."""
    origin = r"(?!http://.*:80\Z|https://.*:443\Z)[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?"
    if origins != ["*"] and not all(re.fullmatch(origin, each) for each in origins):
        raise ValueError


def _seconds_of_a_week(delays: list[str]) -> None:
    if len(delays) > 20 or not all(0 <= float(delay) <= 7 * DAY for delay in delays):
        raise ValueError
