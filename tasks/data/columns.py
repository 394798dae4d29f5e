"""Columns by name: refusing unknown ones, listing those that exist, and reading one as finite numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from pandas import DataFrame, Series

from tasks.data.kinds import Kind, mixture_in
from tasks.data.plain import shortened
from tasks.errors import AnalysisError

#: Most names that one message lists.
MAX_LISTED = 10
#: Largest number that is computed with; boosting sums in 32-bit floats, which end at 3e38.
LARGEST_NUMBER = 1e30

#: Why a column of this kind can't be computed with, for results and refusals.
NOT_NUMERIC: dict[Kind, str] = {
    Kind.BOOLEAN: "holds true and false",
    Kind.DATETIME: "holds dates",
    Kind.CATEGORICAL: "holds text",
    Kind.TEXT: "holds text",
    Kind.EMPTY: "has no values",
}


@dataclass(frozen=True)
class Dropped:
    """A column that an analysis left out, and why."""

    column: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        """Return the two as a result reports them."""
        return {"column": self.column, "reason": self.reason}


def require_columns(frame: DataFrame, names: Iterable[str]) -> None:
    """Raise tasks.errors.AnalysisError if the table lacks one of the columns, naming those that it has."""
    available = [str(name) for name in frame.columns]
    unknown = [name for name in names if name not in frame.columns]
    if not unknown:
        return
    near = get_close_matches(unknown[0], available, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    missing = f"no column {quoted(unknown)}" if len(unknown) == 1 else f"no columns {quoted(unknown)}"
    raise AnalysisError(f"The table has {missing}.{hint} Available: {quoted(available)}.")


def refuse_mixed(column: Series) -> None:
    """Raise tasks.errors.AnalysisError for a column of kind `mixed`, showing two cells that don't go together."""
    raise AnalysisError(
        f"Column {str(column.name)!r} mixes kinds of values: {mixture_in(column)}. "
        "Make all cells one kind, leave the odd ones empty, or leave the column out."
    )


def finite_numbers(column: Series) -> Series:
    """Return a numeric or boolean column as float64, missing cells as NaN.

    Raises tasks.errors.AnalysisError naming the first row with an infinite or too large number;
    rows are told by the column's index, which counts from 0.
    """
    numbers = column.astype("float64")
    too_large = np.flatnonzero(numbers.abs().to_numpy() > LARGEST_NUMBER)
    if len(too_large):
        row = int(numbers.index[too_large[0]])
        value = float(numbers.iloc[too_large[0]])
        problem = "is infinite" if np.isinf(value) else f"is {value:g}, too large to compute with"
        raise AnalysisError(
            f"Column {str(column.name)!r} {problem} in row {row + 1}. "
            "Correct the cell, leave it empty, or leave the column out."
        )
    return numbers


def quoted(names: Sequence[str]) -> str:
    """Return names for a message: quoted, and cut after the first ten."""
    shown = ", ".join(repr(shortened(str(name))) for name in names[:MAX_LISTED])
    return f"{shown} and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else shown
