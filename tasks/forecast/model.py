"""One model for all steps ahead: gradient boosting of the departure from the last season."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from tasks.forecast.features import Lagged, first_origin

#: Most pairs of an origin and a step that a model learns from; of a longer past every so many origins are taken.
MAX_PAIRS = 100_000
#: Leaves of a tree: the pairs of one origin resemble each other, so large trees would learn single origins by heart.
LEAVES = 8

Values = NDArray[np.float64]


def build_model(seed: int) -> HistGradientBoostingRegressor:
    """Return the unfitted model."""
    return HistGradientBoostingRegressor(max_leaf_nodes=LEAVES, early_stopping=False, random_state=seed)


def forecast_from(lagged: Lagged, *, origin: int, horizon: int, seed: int) -> Values:
    """Return the forecast of the next steps by a model that knows the series up to a place and nothing later.

    A direct forecast: the model is fitted to pairs of an earlier origin and a step whose outcome is known, and predicts
    by how much the outcome departs from the same place in the last season.
    """
    steps = np.arange(1, horizon + 1)
    past = lagged.design(_origins(origin, horizon=horizon, season=lagged.season), steps)
    known = past.targets <= origin
    departures = lagged.values[past.targets[known]] - past.anchors[known]
    model = build_model(seed).fit(past.matrix[known], departures)
    ahead = lagged.design(np.array([origin]), steps)
    forecast: Values = ahead.anchors + model.predict(ahead.matrix)
    return forecast


def _origins(origin: int, *, horizon: int, season: int) -> NDArray[np.int64]:
    """Return the places to learn from, the latest kept where they have to be thinned."""
    first = first_origin(season)
    every = -(-(origin - first) * horizon // MAX_PAIRS)
    return np.arange(origin - 1, first - 1, -every)[::-1]
