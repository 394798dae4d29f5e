"""What a cell of a table sent as JSON may be, and why one is refused; checked fast, because the client waits."""

from collections.abc import Collection, Iterable
from itertools import chain
from math import isfinite

#: Longest text in a cell, in characters.
MAX_TEXT = 100_000
#: Whole numbers are 64-bit, as in every JSON parser that the table passes.
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**64 - 1

_SCALARS = frozenset({type(None), bool, int, float, str})


def all_plain(lines: Collection[Iterable[object]]) -> bool:
    """Tell whether no cell of these rows or columns needs a closer look: a few passes at C speed, no step per cell."""
    if not set(map(type, chain.from_iterable(lines))) <= _SCALARS:
        return False
    floats = [cell for cell in chain.from_iterable(lines) if type(cell) is float]
    lengths = [len(cell) for cell in chain.from_iterable(lines) if type(cell) is str]
    return all(map(isfinite, floats)) and max(lengths, default=0) <= MAX_TEXT


def objection_to(cell: object) -> str | None:
    """Return what is wrong with a cell in one sentence, None for nothing."""
    if type(cell) not in _SCALARS:
        return "Must be null, true, false, a number or a text."
    if isinstance(cell, float) and not isfinite(cell):
        return "Must be a finite number; use null for a missing value."
    if isinstance(cell, int) and not SMALLEST_INTEGER <= cell <= LARGEST_INTEGER:
        return "Is a whole number beyond 64 bits; send it as a text or with a decimal point."
    if isinstance(cell, str):
        return _objection_to_text(cell)
    return None


def _objection_to_text(text: str) -> str | None:
    if len(text) > MAX_TEXT:
        return f"Is a text of {len(text):,} characters; at most {MAX_TEXT:,} are allowed."
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "Holds an unpaired surrogate, which no UTF-8 text can."
    return None
