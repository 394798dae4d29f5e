"""Partial dependence: what a model predicts on average if one column had this value in every row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series
from sklearn.base import BaseEstimator

from tasks.train.features import Features
from tasks.train.variants import predict_each

#: Points of the grid of a number or a date, evenly between the quantiles below.
GRID_POINTS = 20
#: Where the grid of a number begins and ends; few rows lie beyond, and models guess there.
LOWEST_QUANTILE, HIGHEST_QUANTILE = 0.05, 0.95
#: Most categories that are tried, the most frequent first.
MOST_CATEGORIES = 10
#: Most rows that are averaged over.
MOST_ROWS = 500


@dataclass(frozen=True, kw_only=True)
class Dependence:
    """The partial dependence on one column."""

    feature: str
    #: `numeric`, `boolean`, `categorical` or `date`.
    kind: str
    #: The values tried, as the table to learn from has them.
    grid: list[float] | list[str]
    #: Mean prediction, grid by shown classes; one column, in the target's unit, for a regression.
    means: NDArray[np.float64]

    @property
    def values(self) -> list[object]:
        """The values tried as the client knows them: dates in ISO 8601, booleans as such."""
        if self.kind == "date":
            return [str(np.datetime64(round(float(day) * 86_400), "s")) for day in self.grid]
        return [bool(value) if self.kind == "boolean" else value for value in self.grid]


def partial_dependence(
    model: BaseEstimator, features: Features, table: DataFrame, *, name: str, shown: list[int]
) -> Dependence:
    """Return the mean prediction over the rows of the table for each value of the column.

    `shown` are the positions of the classes whose probabilities are averaged; empty for a regression.
    Source: Friedman (2001), https://scikit-learn.org/stable/modules/partial_dependence.html
    """
    kind = _kind(features, name)
    grid = _grid(table, name, kind)
    variants = (_with(table, name, value) for value in grid)
    if not shown:
        predicted = [[values.mean()] for values in predict_each(model.predict, variants)]
        return Dependence(feature=name, kind=kind, grid=grid, means=np.array(predicted))
    # A class that the model has not seen has probability 0.
    means = np.zeros((len(grid), max(*shown, *model.classes_) + 1))
    for row, probabilities in enumerate(predict_each(model.predict_proba, variants)):
        means[row, model.classes_] = probabilities.mean(axis=0)
    return Dependence(feature=name, kind=kind, grid=grid, means=means[:, shown])


def _kind(features: Features, name: str) -> str:
    if name in features.dates:
        return "date"
    if name in features.categorical:
        return "categorical"
    return "boolean" if name in features.boolean else "numeric"


def _grid(table: DataFrame, name: str, kind: str) -> list[float] | list[str]:
    present = table[name].dropna()
    if kind == "categorical":
        return [str(value) for value in present.value_counts().index[:MOST_CATEGORIES]]
    distinct = np.unique(present.to_numpy(dtype=np.float64))
    if len(distinct) <= GRID_POINTS:
        return [float(value) for value in distinct]
    low, high = np.quantile(present, [LOWEST_QUANTILE, HIGHEST_QUANTILE])
    if low == high:
        low, high = distinct[0], distinct[-1]
    return [float(value) for value in np.linspace(low, high, GRID_POINTS)]


def _with(table: DataFrame, name: str, value: float | str) -> DataFrame:
    column = Series(value, index=table.index, dtype=table[name].dtype, name=name)
    return table.assign(**{name: column})
