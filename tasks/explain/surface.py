"""What a model predicts on average as two columns change together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from tasks.explain.prediction import Predictor
from tasks.train.dependence import Dependence

#: Most rows that are averaged over; there are up to 400 pairs of values.
MOST_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class Surface:
    """The partial dependence on two columns."""

    #: Each column by itself, with the values tried.
    columns: tuple[Dependence, Dependence]
    #: Mean predictions, values of the first column by values of the second.
    means: NDArray[np.float64]


def surface_of(predictor: Predictor, table: DataFrame, *, columns: tuple[Dependence, Dependence]) -> Surface:
    """Return the mean prediction over the rows of the table for each two values.

    Source: Friedman (2001), https://scikit-learn.org/stable/modules/partial_dependence.html
    """
    first, second = columns
    settings = DataFrame(
        {
            first.feature: [value for value in first.grid for _ in second.grid],
            second.feature: [value for _ in first.grid for value in second.grid],
        }
    )
    means = predictor.grid(table, settings).mean(axis=1).reshape(len(first.grid), len(second.grid))
    return Surface(columns=columns, means=means)
