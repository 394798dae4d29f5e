"""How wide an interval must be: conformal prediction from the errors of backtests, one step ahead at a time."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Absolute errors, one row per origin, one column per step; NaN where nothing was observed.
Errors = NDArray[np.float64]


def half_widths(errors: Errors, *, coverage: float) -> Errors:
    """Return the half width of the interval of each step; NaN where there are too few errors for the coverage.

    Of n errors it is the one of rank ceil((n + 1) coverage), so that the next outcome lies inside with at least that
    probability if errors are exchangeable from origin to origin. Where one step has too few errors for that rank to
    exist, the errors of its neighbours are taken in as well, as far as needed.

    Source: Stankevičiūtė, Alaa & van der Schaar (2021), Conformal time-series forecasting, NeurIPS
    """
    counts = np.concatenate([[0], np.cumsum((~np.isnan(errors)).sum(axis=0))])
    steps = errors.shape[1]
    if not enough(int(counts[-1]), coverage):
        return np.full(steps, np.nan)
    return np.array([_half_width(errors, step, counts=counts, coverage=coverage) for step in range(steps)])


def half_widths_known(errors: Errors, origins: Sequence[int], *, at: int, coverage: float) -> Errors:
    """Return the half widths that could be told at an origin, from the errors of earlier ones that had come to light.

    A coverage that is measured with these is honest. Measured with the errors of all other origins it would come out
    right by construction, for of n errors always the same number lies below the rank that the others give.
    """
    outcome_places = np.asarray(origins)[:, None] + np.arange(1, errors.shape[1] + 1)
    return half_widths(np.where(outcome_places <= at, errors, np.nan), coverage=coverage)


def enough(count: int, coverage: float) -> bool:
    """Tell whether so many errors allow an interval of the coverage."""
    return _rank(count, coverage) <= count


def _half_width(errors: Errors, step: int, *, counts: NDArray[np.int64], coverage: float) -> float:
    low, high = step, step + 1
    while not enough(int(counts[high] - counts[low]), coverage):
        low, high = max(low - 1, 0), min(high + 1, errors.shape[1])
    near = errors[:, low:high]
    seen = np.sort(near[~np.isnan(near)])
    return float(seen[_rank(len(seen), coverage) - 1])


def _rank(count: int, coverage: float) -> int:
    # Rounded, for (19 + 1) 0.55 is 11.000000000000002 to a computer, and would ask for the twelfth.
    return math.ceil(round((count + 1) * coverage, 9))
