"""Which rows a figure shows where the table has more than it can."""

from numpy.random import Generator
from pandas import DataFrame

#: Most points of one figure.
MOST_POINTS = 5_000


def sample_rows(frame: DataFrame, *, most: int, rng: Generator) -> tuple[DataFrame, str]:
    """Return at most so many rows in their order, and a sentence for the subtitle; "" if all are there."""
    if len(frame) <= most:
        return frame, ""
    chosen = rng.choice(len(frame), size=most, replace=False)
    chosen.sort()
    return frame.iloc[chosen], f"{most:,} of {len(frame):,} rows, drawn at random."
