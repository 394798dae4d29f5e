"""What eliminations have shown: the score with each number of columns, and how many columns are enough."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

#: Positions of columns in the table to learn from.
Columns = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Eliminations:
    """One elimination on all rows, and one per fold that was run."""

    #: Numbers of columns that were tried, most first.
    sizes: tuple[int, ...]
    #: The columns left at each of `sizes` when all rows are learned from; empty if it was not reached.
    left: list[Columns] = field(default_factory=list)
    #: By fold, the score of the test part with each of `sizes` columns.
    folds: list[list[float]] = field(default_factory=list)
    #: For each fit, whether it converged.
    converged: list[bool] = field(default_factory=list)

    def best(self) -> int:
        """Return the position in `sizes` of the best mean score, of the fewest columns if several are equal."""
        sums = np.array(self.folds).sum(axis=0)
        return len(sums) - 1 - int(np.argmax(sums[::-1]))

    def smallest_within_error(self) -> int:
        """Return the position in `sizes` of the fewest columns with a mean score within one standard error of the best.

        Source: Breiman, Friedman, Olshen & Stone, Classification and Regression Trees (1984), section 3.4.3.
        """
        means = np.array(self.folds).mean(axis=0)
        enough = means >= means[self.best()] - self.standard_error()
        return int(np.flatnonzero(enough)[-1])

    def standard_error(self) -> float:
        """Return that of the best mean score over the folds; 0 for a single fold."""
        scores = np.array(self.folds)[:, self.best()]
        return float(scores.std(ddof=1) / np.sqrt(len(scores))) if len(scores) > 1 else 0.0

    def ranks(self) -> dict[int, int]:
        """Return for each column in how many rounds it was dropped before the last that is left, which has rank 1.

        Columns that were dropped together share a rank. Empty if the elimination on all rows was not reached.
        """
        ranks: dict[int, int] = {}
        for number, columns in enumerate(reversed(self.left), start=1):
            ranks.update({int(column): number for column in columns if int(column) not in ranks})
        return ranks
