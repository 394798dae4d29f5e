"""The three looks at the columns side by side, and the order that they give together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from tasks.select.eliminations import Eliminations
from tasks.select.information import Information
from tasks.select.univariate import UnivariateTest
from tasks.train.choices import Estimator
from tasks.train.features import Features
from tasks.train.splits import Splits
from tasks.train.target import Target


@dataclass(frozen=True, kw_only=True)
class Looks:
    """All that was measured; columns are in the order of the table to learn from."""

    estimator: Estimator
    target: Target
    features: Features
    splits: Splits
    information: Information
    tests: list[UnivariateTest]
    eliminations: Eliminations

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [str(name) for name in self.features.table.columns]

    def order(self) -> list[int]:
        """Return the columns' positions, the one that matters most first: by the mean of the looks' ranks.

        Of equal ones the one that the elimination kept longer comes first, then the one that tells more by itself.
        """
        told, kept = -self.information.values, self._elimination_ranks()
        p_values = np.array([np.inf if np.isnan(test.p) else test.p for test in self.tests])
        looks = [rankdata(told), rankdata(p_values), *([rankdata(kept)] if len(kept) else [])]
        mean = np.mean(looks, axis=0)
        return [int(position) for position in np.lexsort((told, kept if len(kept) else told, mean))]

    def best(self) -> frozenset[int]:
        """Return the positions of the columns with the best mean score; none if no fold was done."""
        return self._left_at(self.eliminations.best()) if self.eliminations.folds else frozenset()

    def suggestion(self) -> frozenset[int]:
        """Return the positions of the fewest columns within one standard error of it; none if no fold was done."""
        return self._left_at(self.eliminations.smallest_within_error()) if self.eliminations.folds else frozenset()

    def _left_at(self, round_number: int) -> frozenset[int]:
        return frozenset(int(column) for column in self.eliminations.left[round_number])

    def _elimination_ranks(self) -> NDArray[np.int64]:
        ranks = self.eliminations.ranks()
        return np.array([ranks[position] for position in range(len(self.names))] if ranks else [], dtype=np.int64)
