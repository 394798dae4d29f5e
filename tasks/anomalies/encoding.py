"""From columns to the matrix that distances are taken in; each column knows which part of the matrix is its own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tasks.anomalies.columns import ORDERED, Columns, Usable
from tasks.data.numeric import Matrix
from tasks.errors import AnalysisError

#: Most columns that one column of categories becomes; the rarest categories share the last.
MAX_CATEGORIES = 50
#: Most cells of the matrix (800 MB).
MAX_CELLS = 100_000_000


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A table as numbers."""

    #: One row a row of the table.
    matrix: Matrix
    #: The row that has every column's typical value.
    typical: NDArray[np.float64]
    #: Which columns of the matrix belong to each column of the table, in its order.
    blocks: tuple[slice, ...]

    def made_typical(self, row: int) -> Matrix:
        """Return the row as many times as the table has columns, in each time another column made typical."""
        copies = np.tile(self.matrix[row], (len(self.blocks), 1))
        for at, block in enumerate(self.blocks):
            copies[at, block] = self.typical[block]
        return copies


def encode(columns: Columns) -> Encoded:
    """Return numbers at mean 0 and variance 1, and categories one-hot encoded.

    Raises tasks.errors.AnalysisError if the matrix got too large.
    """
    _refuse_too_large(columns)
    parts = [_part(one) for one in columns.usable]
    ends = np.cumsum([part.shape[1] for part in parts]).tolist()
    matrix = np.hstack(parts)
    return Encoded(
        matrix=matrix[:-1],
        typical=matrix[-1],
        blocks=tuple(slice(start, end) for start, end in zip([0, *ends], ends, strict=False)),
    )


def _part(column: Usable) -> Matrix:
    """Return the column's part, with the typical value in a further row at the end."""
    cells = column.values.to_numpy(dtype=np.float64 if column.kind in ORDERED else object).reshape(-1, 1)
    learner = (
        StandardScaler()
        if column.kind in ORDERED
        else OneHotEncoder(max_categories=MAX_CATEGORIES, drop="if_binary", sparse_output=False)
    )
    learner.fit(cells)
    last = np.array([[column.typical]], dtype=cells.dtype)
    part: Matrix = learner.transform(np.vstack([cells, last]))
    return part


def _refuse_too_large(columns: Columns) -> None:
    widths = [1 if one.kind in ORDERED else min(int(one.values.nunique()), MAX_CATEGORIES) for one in columns.usable]
    rows = len(columns.usable[0].values)
    if rows * sum(widths) > MAX_CELLS:
        raise AnalysisError(
            f"Encoded, the table has {rows:,} rows by {sum(widths):,} columns; at most {MAX_CELLS:,} cells are "
            "computed with. Exclude columns of categories, or send fewer rows."
        )
