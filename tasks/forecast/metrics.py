"""How good forecasts were: errors of points and of intervals, over the outcomes that were observed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, root_mean_squared_error

from tasks.data.plain import plain_number
from tasks.forecast.intervals import half_widths_known

#: One row per origin, one column per step; in the target's unit.
Table = NDArray[np.float64]
#: What a score is called, and its value; None where it is undefined.
Scores = dict[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Forecasts of several origins, their intervals, and what came."""

    actual: Table
    forecast: Table
    #: Half the width of the interval; NaN where there is none.
    half_width: Table
    #: The unit of MASE at each origin; 0 where the known part repeats its season exactly.
    scale: NDArray[np.float64]

    def scores(self, *, coverage: float, step: int | None = None) -> Scores:
        """Return the scores over all steps, or of one (counted from 0)."""
        columns = slice(None) if step is None else slice(step, step + 1)
        actual, forecast, half = (table[:, columns] for table in (self.actual, self.forecast, self.half_width))
        scale = np.broadcast_to(self.scale[:, None], actual.shape)
        seen = ~np.isnan(actual)
        bounded = seen & ~np.isnan(half)
        return {
            **_point_scores(actual[seen], forecast[seen], scale=scale[seen]),
            **_interval_scores(actual[bounded], forecast[bounded], half[bounded], coverage=coverage),
        }


def judged(
    actual: Table, forecast: Table, *, origins: Sequence[int], scale: NDArray[np.float64], coverage: float
) -> Outcomes:
    """Return the outcomes of the origins (places, in order), each with the interval that could be told there."""
    errors = np.abs(actual - forecast)
    half = [half_widths_known(errors, origins, at=origin, coverage=coverage) for origin in origins]
    return Outcomes(actual=actual, forecast=forecast, half_width=np.array(half), scale=scale)


def _point_scores(actual: Table, forecast: Table, *, scale: Table) -> Scores:
    if not len(actual):
        return dict.fromkeys(("mae", "rmse", "mase", "smape"))
    errors = np.abs(actual - forecast)
    size = np.abs(actual) + np.abs(forecast)
    shares = np.divide(2 * errors, size, out=np.zeros_like(errors), where=size > 0)
    # A known part that repeats itself exactly has no unit to measure errors in.
    scaled = float((errors / scale).mean()) if (scale > 0).all() else None
    return {
        "mae": float(mean_absolute_error(actual, forecast)),
        "rmse": float(root_mean_squared_error(actual, forecast)),
        "mase": scaled,
        "smape": float(100 * shares.mean()),
    }


def _interval_scores(actual: Table, forecast: Table, half: Table, *, coverage: float) -> Scores:
    if not len(actual):
        return dict.fromkeys(("pinball", "coverage", "width"))
    low, high = forecast - half, forecast + half
    tail = (1 - coverage) / 2
    losses = (
        mean_pinball_loss(actual, low, alpha=tail),
        mean_pinball_loss(actual, high, alpha=1 - tail),
    )
    return {
        "pinball": plain_number(sum(losses) / 2),
        "coverage": float(((low <= actual) & (actual <= high)).mean()),
        "width": float((high - low).mean()),
    }
