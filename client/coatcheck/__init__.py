"""The client of Coatcheck: submit an analysis, wait for it, pick up its result."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coatcheck.batches import Batch
    from coatcheck.client import Client
    from coatcheck.datasets import Dataset
    from coatcheck.errors import CoatcheckError, ConnectionLost, Problem, UnexpectedAnswer, WaitTimeout
    from coatcheck.events import Event
    from coatcheck.ticket import Ticket
    from coatcheck.walk import Exchange, Job

__all__ = [
    "Batch",
    "Client",
    "CoatcheckError",
    "ConnectionLost",
    "Dataset",
    "Event",
    "Exchange",
    "Job",
    "Problem",
    "Ticket",
    "UnexpectedAnswer",
    "WaitTimeout",
]

#: Where each name lives. The service's processes start through this package; they need no HTTP client in memory.
_HOMES = {
    "Batch": "batches",
    "Client": "client",
    "Dataset": "datasets",
    "Event": "events",
    "Exchange": "walk",
    "Job": "walk",
    "Ticket": "ticket",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
