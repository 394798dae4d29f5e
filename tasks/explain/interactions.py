"""Which columns work together: what is left of the dependence on two of them when that on each one is taken off."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from tasks.explain.prediction import Predictor

#: Most rows that are compared with each other; the time grows with the square.
MOST_ROWS = 50
#: Most columns that are compared with each other, the most important ones.
MOST_COLUMNS = 5


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """Two columns."""

    columns: tuple[str, str]
    #: Friedman's H: the share of the two columns' effect that does not add up; its square is a share of variance.
    h: float
    #: Root mean square of what does not add up, in the prediction's unit.
    size: float

    def as_dict(self) -> dict[str, object]:
        """Return it as a result reports it."""
        return {"columns": list(self.columns), "h": self.h, "size": self.size}


class Additivity:
    """The model's dependence on columns, alone and in pairs, at the rows of a table; each is computed once."""

    def __init__(self, predictor: Predictor, table: DataFrame) -> None:
        self._predictor = predictor
        self._table = table
        self._alone: dict[str, NDArray[np.float64]] = {}

    def measure(self, pair: tuple[str, str]) -> Interaction:
        """Return how much the dependence on both differs from the sum of the dependences on each.

        Source: Friedman & Popescu (2008), section 8.1, equation 44.
        """
        together = self._centred(pair)
        rest = together - self._own(pair[0]) - self._own(pair[1])
        effect = float(np.sum(together**2))
        share = float(np.sum(rest**2)) / effect if effect > 0 else 0.0
        return Interaction(columns=pair, h=float(np.sqrt(share)), size=float(np.sqrt(np.mean(rest**2))))

    def _own(self, column: str) -> NDArray[np.float64]:
        if column not in self._alone:
            self._alone[column] = self._centred((column,))
        return self._alone[column]

    def _centred(self, columns: tuple[str, ...]) -> NDArray[np.float64]:
        predicted = self._predictor.grid(self._table, self._table[list(columns)])
        centred: NDArray[np.float64] = predicted.mean(axis=1) - predicted.mean()
        return centred


def pairs_of(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Return every two of the first five columns."""
    return list(combinations(columns[:MOST_COLUMNS], 2))
