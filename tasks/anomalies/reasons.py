"""What makes a row odd: how much its score falls as each column in turn is made typical."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from tasks.anomalies.detectors import Factor, Scores, fit_factor, forest_scores
from tasks.anomalies.encoding import Encoded
from tasks.job import Job

#: Rows that are explained at a time, as a share of those that neighbours are looked for among.
EXPLAINED_SHARE = 0.1
#: Most cells that are scored at a time (160 MB).
MOST_CELLS = 20_000_000

#: One row an explained row, one column a column of the table; each row adds up to 1, or to 0 if nothing matters.
Contributions = NDArray[np.float64]


def contributions_of(
    encoded: Encoded, rows: Sequence[int], job: Job, *, forest: IsolationForest | None, factor: Factor | None
) -> tuple[Contributions, int]:
    """Return each column's share in the oddity of the rows, the mean of the methods used, and how many are explained.

    Asked to finish, it stops after the rows at hand.
    """
    shares = np.zeros((len(rows), len(encoded.blocks)))
    done = 0
    for batch in _batches(encoded, rows, factor):
        falls = []
        if forest is not None:
            falls.append(_shares(_falls_by_forest(encoded, batch, forest)))
        if factor is not None:
            falls.append(_shares(_falls_by_factor(encoded, batch, factor)))
        shares[done : done + len(batch)] = np.mean(falls, axis=0)
        done += len(batch)
        job.progress(0.5 + 0.35 * done / len(rows), f"reasons {done} of {len(rows)}")
        if job.should_finish():
            break
    return shares, done


def _batches(encoded: Encoded, rows: Sequence[int], factor: Factor | None) -> list[Sequence[int]]:
    size = max(1, MOST_CELLS // (len(encoded.blocks) * encoded.matrix.shape[1]))
    if factor is not None:
        size = min(size, max(1, int(EXPLAINED_SHARE * len(factor.reference))))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _falls_by_forest(encoded: Encoded, rows: Sequence[int], forest: IsolationForest) -> Scores:
    return _falls(forest_scores(forest, _variants(encoded, rows)), rows=len(rows))


def _falls_by_factor(encoded: Encoded, rows: Sequence[int], factor: Factor) -> Scores:
    """Score the rows as new ones, against the others only: a row among its own neighbours would hide what is odd."""
    others = encoded.matrix[np.setdiff1d(factor.reference, rows)]
    model = fit_factor(others, neighbours=factor.neighbours)
    return _falls(-model.score_samples(_variants(encoded, rows)), rows=len(rows))


def _variants(encoded: Encoded, rows: Sequence[int]) -> NDArray[np.float64]:
    """Return each row as it is, then with each column made typical."""
    return np.vstack([part for row in rows for part in (encoded.matrix[row : row + 1], encoded.made_typical(row))])


def _falls(scores: Scores, *, rows: int) -> Scores:
    by_row = scores.reshape(rows, -1)
    return np.maximum(by_row[:, :1] - by_row[:, 1:], 0.0)


def _shares(falls: Scores) -> Contributions:
    sums = falls.sum(axis=1, keepdims=True)
    shares: Contributions = np.divide(falls, sums, out=np.zeros_like(falls), where=sums > 0)
    return shares
