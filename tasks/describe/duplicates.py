"""Rows that are equal in every column."""

import numpy as np
from pandas import DataFrame
from pandas.util import hash_pandas_object

#: Most sets of equal rows that are listed, and most rows named of each.
MOST_SETS, MOST_NAMED = 10, 5


def duplicates_in(table: DataFrame) -> dict[str, object]:
    """Return `duplicate_rows` and `duplicates` of the result: the largest sets of equal rows, counted from 1."""
    repeated = np.flatnonzero(table.duplicated(keep=False).to_numpy())
    if not len(repeated):
        return {"duplicate_rows": 0, "duplicates": []}
    marks = hash_pandas_object(table.iloc[repeated], index=False).to_numpy()
    _, first, sets, sizes = np.unique(marks, return_index=True, return_inverse=True, return_counts=True)
    largest = sorted(range(len(sizes)), key=lambda at: (-sizes[at], first[at]))[:MOST_SETS]
    listed = [
        {"count": int(sizes[at]), "rows": (repeated[np.flatnonzero(sets == at)[:MOST_NAMED]] + 1).tolist()}
        for at in largest
    ]
    return {"duplicate_rows": int(table.duplicated().sum()), "duplicates": listed}
