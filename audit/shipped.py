"""Which installed packages belong to the service, and not only to those who develop it."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

#: Our own distribution.
SERVICE = "coatcheck-service"

#: The extra that is for developers.
_FOR_DEVELOPERS = "dev"


def shipped() -> set[str]:
    """The names of the packages that the service needs with all its extras, as far as they are for this machine."""
    extras = set(distribution(SERVICE).metadata.get_all("Provides-Extra") or ()) - {_FOR_DEVELOPERS}
    return _needed(SERVICE, frozenset(extras)) - {SERVICE}


def _needed(name: str, extras: frozenset[str]) -> set[str]:
    """The package itself and all that it needs, directly or not."""
    seen: set[tuple[str, frozenset[str]]] = set()
    open_ends = [(canonicalize_name(name), extras)]
    while open_ends:
        at = open_ends.pop()
        if at not in seen:
            seen.add(at)
            open_ends += [(canonicalize_name(each.name), frozenset(each.extras)) for each in _direct(*at)]
    return {name for name, _ in seen}


def _direct(name: str, extras: Iterable[str]) -> list[Requirement]:
    try:
        lines = distribution(name).requires or []
    except PackageNotFoundError:
        return []
    wanted = [Requirement(line) for line in lines]
    return [
        each for each in wanted if not each.marker or any(each.marker.evaluate({"extra": x}) for x in ("", *extras))
    ]
