"""The wire to Redis, counted: how often it is asked, and how long it takes, as requests see it."""

from collections.abc import Callable
from time import perf_counter

from redis import ConnectionPool

from app.signals.tally import TALLY
from jobs.wire import Argument, Asking, Reply, WireOf


class CountedWire:
    """Asks through another wire."""

    def __init__(self, wire: Asking) -> None:
        self._wire = wire

    def ask(self, *command: Argument) -> Reply:
        """What :meth:`jobs.wire.Wire.ask` says."""
        began = perf_counter()
        try:
            return self._wire.ask(*command)
        finally:
            TALLY.note_round_trip(perf_counter() - began)


def counted(wire: WireOf) -> Callable[[ConnectionPool], CountedWire]:
    """The same wire, counted."""
    return lambda pool: CountedWire(wire(pool))
