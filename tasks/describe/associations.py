"""How columns of categories go with each other and with numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, factorize

from tasks.data.plain import plain_number
from tasks.job import Job

#: Most columns of categories, and of numbers, that are looked at.
MOST_CATEGORICAL, MOST_NUMERIC = 40, 60
#: Most rows that are counted; of more a random sample.
MOST_ROWS = 100_000

Codes = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Associations:
    """Strengths from 0 (none) to 1 (the one tells the other); None where undefined."""

    #: How many rows they rest on.
    rows: int
    categorical: list[str]
    numeric: list[str]
    #: Cramér's V of two columns of categories, corrected for bias.
    between: list[list[float | None]]
    #: Correlation ratio of a column of categories (rows) and one of numbers (columns).
    mixed: list[list[float | None]]

    def as_dict(self) -> dict[str, object]:
        """Return what a result reports."""
        return {
            "rows": self.rows,
            "categorical": {"method": "cramers_v_corrected", "columns": self.categorical, "matrix": self.between},
            "mixed": {
                "method": "correlation_ratio",
                "categories": self.categorical,
                "numbers": self.numeric,
                "matrix": self.mixed,
            },
        }


def associations_of(table: DataFrame, categorical: Sequence[str], numeric: Sequence[str], job: Job) -> Associations:
    """Return both matrices; a pair uses the rows in which both have a (finite) value."""
    if len(table) > MOST_ROWS:
        table = table.iloc[np.sort(job.rng.choice(len(table), size=MOST_ROWS, replace=False))]
    named, measured = list(categorical[:MOST_CATEGORICAL]), list(numeric[:MOST_NUMERIC])
    codes = [factorize(table[name].astype(object))[0].astype(np.int64) for name in named]
    numbers = [table[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in measured]
    between: list[list[float | None]] = [[1.0] * len(codes) for _ in codes]
    for at, own in enumerate(codes):
        for other in range(at):
            between[at][other] = between[other][at] = cramers_v(own, codes[other])
    return Associations(
        rows=len(table),
        categorical=[str(name) for name in named],
        numeric=[str(name) for name in measured],
        between=between,
        mixed=[[correlation_ratio(own, values) for values in numbers] for own in codes],
    )


def cramers_v(codes: Codes, other: Codes) -> float | None:
    """Return Cramér's V of two columns of codes (-1 for missing), corrected for bias; None where undefined.

    Source: Bergsma (2013), A bias-correction for Cramér's V and Tschuprow's T, doi:10.1016/j.jkss.2012.10.002
    """
    present = (codes >= 0) & (other >= 0)
    if np.count_nonzero(present) < 2:
        return None
    counts = np.zeros((codes.max() + 1, other.max() + 1))
    np.add.at(counts, (codes[present], other[present]), 1)
    counts = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    total, (rows, columns) = counts.sum(), counts.shape
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / total
    squared = float(((counts - expected) ** 2 / expected).sum() / total)
    corrected = max(0.0, squared - (rows - 1) * (columns - 1) / (total - 1))
    smaller = min(rows - (rows - 1) ** 2 / (total - 1), columns - (columns - 1) ** 2 / (total - 1)) - 1
    return min(1.0, float(np.sqrt(corrected / smaller))) if smaller > 0 else None


def correlation_ratio(codes: Codes, values: NDArray[np.float64]) -> float | None:
    """Return the root of the share of the variance that lies between categories; None where undefined.

    Source: Fisher (1925), Statistical methods for research workers, section 45.
    """
    present = (codes >= 0) & np.isfinite(values)
    own, numbers = codes[present], values[present]
    if len(numbers) < 2:
        return None
    # Numbers near the limit of a double overflow on the way; the ratio is then undefined.
    with np.errstate(all="ignore"):
        sizes = np.bincount(own)
        means = np.bincount(own, weights=numbers) / np.maximum(sizes, 1)
        overall = numbers.mean()
        total = ((numbers - overall) ** 2).sum()
        ratio = plain_number(np.sqrt((sizes * (means - overall) ** 2).sum() / total))
    return None if ratio is None else min(1.0, ratio)
