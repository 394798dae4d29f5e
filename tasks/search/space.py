"""The space of a search: its names checked against the estimator, and the candidates that come out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import prod
from typing import Any

import numpy as np
from scipy.stats import loguniform, randint, uniform
from sklearn.base import BaseEstimator
from sklearn.model_selection import ParameterGrid, ParameterSampler

from tasks.data.columns import quoted
from tasks.errors import AnalysisError
from tasks.search.dimension import STEPS
from tasks.search.params import MOST_CANDIDATES

#: Parameters that the job sets, or that don't change what is predicted.
SET_BY_JOB = frozenset({"n_jobs", "random_state", "verbose", "warm_start"})

#: The parameters of one candidate, by scikit-learn's names.
Settings = dict[str, Any]


@dataclass(frozen=True)
class _LogInteger:
    """Integers, even on a logarithmic scale; scipy has none. In the form that ParameterSampler draws from."""

    low: int
    high: int

    def rvs(self, random_state: np.random.RandomState) -> int:
        """Draw one: each integer has the share of the scale up to the next one."""
        return min(int(loguniform.rvs(self.low, self.high + 1, random_state=random_state)), self.high)


def check_space(space: Mapping[str, object], estimator: BaseEstimator, *, name: str) -> None:
    """Raise tasks.errors.AnalysisError for a parameter that the estimator has not, or that is not searched."""
    known = sorted(estimator.get_params(deep=False).keys() - SET_BY_JOB)
    for parameter in space:
        if parameter in SET_BY_JOB:
            raise AnalysisError(f"{parameter!r} is set by the job; take it out of the space.")
        if parameter not in known:
            near = get_close_matches(parameter, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise AnalysisError(f"The estimator {name!r} has no parameter {parameter!r}.{hint} It has {quoted(known)}.")


def draw_candidates(space: Mapping[str, object], *, count: int, seed: int) -> list[Settings]:
    """Return so many candidates, as scikit-learn's RandomizedSearchCV draws them; all of a smaller space of lists."""
    dimensions = {name: _distribution(given) for name, given in space.items()}
    if all(isinstance(dimension, list) for dimension in dimensions.values()):
        count = min(count, prod(len(dimension) for dimension in dimensions.values()))
    return [_plain(drawn) for drawn in ParameterSampler(dimensions, count, random_state=seed)]


def grid_candidates(space: Mapping[str, object]) -> list[Settings]:
    """Return every combination, as scikit-learn's GridSearchCV orders them.

    Raises tasks.errors.AnalysisError for more than `MOST_CANDIDATES`.
    """
    values = {name: _values(given) for name, given in space.items()}
    size = prod(map(len, values.values()))
    if size > MOST_CANDIDATES:
        raise AnalysisError(
            f"The grid has {size:,} candidates, at most {MOST_CANDIDATES} are tried. "
            "Give fewer values or steps, or ask for the method random."
        )
    return [_plain(combined) for combined in ParameterGrid(values)]


def _distribution(given: Any) -> Any:
    if isinstance(given, list):
        return _listed(given)
    low, high = given["low"], given["high"]
    if given.get("int"):
        low, high = int(low), int(high)
        return _LogInteger(low, high) if given.get("log") else randint(low, high + 1)
    return loguniform(low, high) if given.get("log") else uniform(low, high - low)


def _values(given: Any) -> list[Any]:
    if isinstance(given, list):
        return _listed(given)
    spread = np.geomspace if given.get("log") else np.linspace
    points = spread(given["low"], given["high"], int(given.get("steps", STEPS)))
    # The ends of a logarithmic spread are rounded; a parameter may not be outside of its bounds.
    points[0], points[-1] = given["low"], given["high"]
    return [int(point) for point in np.unique(np.rint(points))] if given.get("int") else [float(p) for p in points]


def _listed(values: Sequence[Any]) -> list[Any]:
    return [tuple(value) if isinstance(value, list) else value for value in values]


def _plain(settings: Mapping[str, Any]) -> Settings:
    """Return numbers as Python's own, which JSON and messages know."""
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in settings.items()}
