"""How the numeric columns of a table move together, pair by pair."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pandas import DataFrame

from tasks.data.plain import plain_number

#: Most columns that are correlated; the matrix grows with the square.
MAX_CORRELATED = 100


def correlations_of(
    table: DataFrame, numeric: Sequence[str], *, method: Literal["pearson", "spearman"]
) -> tuple[dict[str, object], list[str]]:
    """Return the correlation matrix of the numeric columns, and notes on what it leaves out.

    A pair uses the rows in which both have a finite value; null where it is undefined, as with a constant column.
    Source: https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.corr.html
    """
    chosen = list(numeric[:MAX_CORRELATED])
    notes = []
    if len(numeric) > MAX_CORRELATED:
        notes.append(f"Correlations cover the first {MAX_CORRELATED} of {len(numeric)} numeric columns.")
    numbers = table[chosen].astype("float64").replace([np.inf, -np.inf], np.nan)
    with np.errstate(all="ignore"):
        matrix = numbers.corr(method=method, min_periods=2).to_numpy()
    rows = [[plain_number(value) for value in row] for row in matrix]
    return {"method": method, "columns": [str(name) for name in chosen], "matrix": rows}, notes
