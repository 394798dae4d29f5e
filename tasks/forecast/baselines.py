"""The forecasts that a model must beat: the last value, and the last season."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def naive(known: Values, *, horizon: int) -> Values:
    """Return the last value for every step. Source: https://otexts.com/fpp3/simple-methods.html"""
    return np.full(horizon, known[-1])


def seasonal_naive(known: Values, *, horizon: int, season: int) -> Values:
    """Return the value one season before each step, or the least number of whole seasons that is known.

    With a season of 1 it is the naive forecast. Source: https://otexts.com/fpp3/simple-methods.html
    """
    return known[len(known) - season + np.arange(horizon) % season]


def scale_of(known: Values, *, season: int) -> float:
    """Return the mean absolute error of the seasonal-naive forecast within the known values, the unit of MASE.

    Source: Hyndman & Koehler (2006), https://otexts.com/fpp3/accuracy.html
    """
    return float(np.abs(known[season:] - known[:-season]).mean())
