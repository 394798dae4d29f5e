"""Tests of each column against the target by itself, and their p values for many tests at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import crosstab
from scipy.stats import chi2_contingency, false_discovery_control
from sklearn.feature_selection import f_classif, f_regression

from tasks.data.plain import plain_number
from tasks.train.features import Features
from tasks.train.target import Target

#: What is told of each test by name.
NAMES = {
    "f_classes": "F test: does its mean differ between the classes",
    "f_linear": "F test: does the target change linearly with it",
    "f_categories": "F test: does the target's mean differ between its categories",
    "chi_squared": "chi-squared test: are its categories spread differently over the classes",
}


@dataclass(frozen=True, kw_only=True)
class UnivariateTest:
    """One column against the target."""

    #: A key of `NAMES`.
    name: str
    #: F or chi-squared; infinite for a perfect relation, NaN where undefined.
    statistic: float
    #: Chance of so large a statistic without any relation; NaN where undefined.
    p: float
    #: The same, corrected for the number of columns; NaN where undefined.
    p_adjusted: float

    def as_dict(self) -> dict[str, object]:
        """Return it as a result reports it; null where infinite or undefined."""
        numbers = {name: plain_number(getattr(self, name)) for name in ("statistic", "p", "p_adjusted")}
        return {"name": self.name, **numbers}


def judge_columns(matrix: NDArray[np.float64], features: Features, target: Target) -> list[UnivariateTest]:
    """Return one test per column of the filled table.

    p values are corrected by Benjamini and Hochberg (1995). Sources:
    https://scikit-learn.org/stable/modules/feature_selection.html#univariate-feature-selection,
    https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.chi2_contingency.html
    """
    found = list(_tests(matrix, features, target))
    adjusted = _adjusted(np.array([p for _, _, p in found]))
    return [
        UnivariateTest(name=name, statistic=statistic, p=p, p_adjusted=float(corrected))
        for (name, statistic, p), corrected in zip(found, adjusted, strict=True)
    ]


def _tests(matrix: NDArray[np.float64], features: Features, target: Target) -> Iterator[tuple[str, float, float]]:
    for name, column in zip(features.table.columns, matrix.T, strict=True):
        # A perfect relation divides by a spread of 0, which makes the statistic infinite.
        with np.errstate(divide="ignore", invalid="ignore"):
            yield _test(column, target, is_category=name in features.categorical)


def _test(column: NDArray[np.float64], target: Target, *, is_category: bool) -> tuple[str, float, float]:
    if target.classes and is_category:
        outcome = chi2_contingency(crosstab(column, target.values), correction=False)
        return "chi_squared", float(outcome.statistic), float(outcome.pvalue)
    if target.classes:
        name, (statistic, p) = "f_classes", f_classif(column[:, None], target.values)
    elif is_category:
        name, (statistic, p) = "f_categories", f_classif(target.values[:, None], column)
    else:
        name, (statistic, p) = "f_linear", f_regression(column[:, None], target.values, force_finite=False)
    return name, float(statistic[0]), float(p[0])


def _adjusted(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    adjusted = np.full(len(p_values), np.nan)
    known = ~np.isnan(p_values)
    if known.any():
        adjusted[known] = false_discovery_control(p_values[known], method="bh")
    return adjusted
