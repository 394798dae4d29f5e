"""What is offered while the API is fuzzed: nothing that takes long; `make fuzz` offers everything."""

from samples import attach, crash, nap, refuse

from tasks.describe.params import describe

__all__ = ["attach", "crash", "describe", "nap", "refuse"]
