"""The client of Coatcheck: submit an analysis, wait for it, pick up its result."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coatcheck.client import Client, Ticket
    from coatcheck.errors import CoatcheckError, ConnectionLost, Problem, UnexpectedAnswer, WaitTimeout
    from coatcheck.walk import Exchange, Job

__all__ = [
    "Client",
    "CoatcheckError",
    "ConnectionLost",
    "Exchange",
    "Job",
    "Problem",
    "Ticket",
    "UnexpectedAnswer",
    "WaitTimeout",
]

#: Where each name lives. The service's processes start through this package; they need no HTTP client in memory.
_HOMES = {
    "Client": "client",
    "Ticket": "client",
    "Exchange": "walk",
    "Job": "walk",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
