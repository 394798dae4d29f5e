"""Values of numpy and pandas as JSON can say them."""

from datetime import date
from math import isfinite

import numpy as np

#: Longest text that a result repeats from a cell, in characters.
LONGEST_TEXT = 200

#: What a cell becomes in a result.
Plain = bool | int | float | str | None


def plain_number(value: float) -> float | None:
    """Return a Python float, or None where the value is undefined (NaN or infinite)."""
    number = float(value)
    return number if isfinite(number) else None


def plain_cell(value: object) -> Plain:
    """Return one cell as null, boolean, number or text; long texts end in an ellipsis."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return plain_number(float(value))
    if isinstance(value, date):
        return value.isoformat()
    return None if value is None else shortened(str(value))


def shortened(text: str) -> str:
    """Return the text, cut to `LONGEST_TEXT` characters."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
