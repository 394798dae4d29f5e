"""Individual conditional expectation: what is predicted for single rows as one column changes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from tasks.explain.prediction import Predictor
from tasks.train.dependence import Dependence

#: Most rows that are drawn; more lines are no longer told apart.
MOST_ROWS = 30


@dataclass(frozen=True, kw_only=True)
class SingleRows:
    """The predictions for some rows as one column changes."""

    #: The column and the values tried, and the mean over more rows.
    dependence: Dependence
    #: The rows' places in the table that was sent, from 1.
    rows: list[int]
    #: Rows by values tried.
    predictions: NDArray[np.float64]


def follow_rows(predictor: Predictor, table: DataFrame, dependence: Dependence) -> SingleRows:
    """Return the predictions for the rows of the table, whose index is their place in the table sent, from 0.

    Source: Goldstein, Kapelner, Bleich & Pitkin (2015),
    https://scikit-learn.org/stable/modules/partial_dependence.html#individual-conditional-expectation-ice-plot
    """
    settings = DataFrame({dependence.feature: dependence.grid})
    return SingleRows(
        dependence=dependence,
        rows=[int(row) + 1 for row in table.index],
        predictions=predictor.grid(table, settings).T,
    )
