"""Rolling origins: what each forecast would have said at past moments, beside what then came."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.errors import AnalysisError
from tasks.forecast.baselines import naive, scale_of, seasonal_naive
from tasks.forecast.features import Lagged, first_origin
from tasks.forecast.metrics import Outcomes, judged
from tasks.forecast.model import forecast_from
from tasks.forecast.series import Series
from tasks.job import Job

#: Forecasts that are compared, the model first.
COMPARED = ("model", "naive", "seasonal_naive")
#: Fewest earlier origins from which a model may learn the last step.
FEWEST_PAIRS = 10
#: Share of all progress that the backtest takes; the final forecast takes the rest.
SHARE = 0.95

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What the origins have shown, in the order of time."""

    #: Places of the last known value.
    origins: tuple[int, ...]
    #: By the name of the forecast.
    outcomes: dict[str, Outcomes]


def choose_origins(series: Series, *, horizon: int, season: int, wanted: int) -> tuple[int, ...]:
    """Return places of last known values, the latest first, each with a whole horizon behind it.

    They are evenly spaced, at most a horizon apart, over the later half of the series if that is enough for all.
    Raises tasks.errors.AnalysisError if there is no room for one.
    """
    length, needed = len(series.values), values_needed(horizon=horizon, season=season)
    latest, earliest = length - 1 - horizon, needed - 1 - horizon
    if latest < earliest:
        shorter = ", ask for a shorter season" if season > 1 else ""
        raise AnalysisError(
            f"A horizon of {horizon} and a season of {season} need at least {needed} values in a row to learn from and "
            f"to test on, the series has {length}. Send more{shorter}, or ask for a shorter horizon."
        )
    room = latest - max(earliest, length // 2)
    stride = min(max(room // max(wanted - 1, 1), 1), horizon)
    return tuple(range(latest, earliest - 1, -stride))[:wanted]


def values_needed(*, horizon: int, season: int) -> int:
    """Return how many values a series must have for one origin with enough to learn from before it."""
    return first_origin(season) + FEWEST_PAIRS + 2 * horizon


def run_backtest(
    series: Series, lagged: Lagged, job: Job, *, origins: tuple[int, ...], horizon: int, coverage: float
) -> Backtest:
    """Forecast at each origin and compare; asked to finish, stop after the one at hand."""
    said: dict[str, list[Values]] = {name: [] for name in COMPARED}
    came: list[Values] = []
    for number, origin in enumerate(origins, start=1):
        came.append(_observed(series, origin, horizon=horizon))
        for name, values in _forecasts(series.values, lagged, origin=origin, horizon=horizon, seed=job.seed).items():
            said[name].append(values)
        scores = _running_errors(came, said)
        job.progress(SHARE * number / len(origins), f"origin {number} of {len(origins)}", scores=scores)
        if number < len(origins) and job.should_finish():
            break
    done = origins[: len(came)][::-1]
    scale = np.array([scale_of(series.values[: origin + 1], season=lagged.season) for origin in done])
    actual = np.array(came[::-1])
    return Backtest(
        origins=done,
        outcomes={
            name: judged(actual, np.array(values[::-1]), origins=done, scale=scale, coverage=coverage)
            for name, values in said.items()
        },
    )


def _observed(series: Series, origin: int, *, horizon: int) -> Values:
    """Return what came after the origin, NaN where it was filled in: a made value can't judge a forecast."""
    ahead = slice(origin + 1, origin + 1 + horizon)
    return np.where(series.given[ahead], series.values[ahead], np.nan)


def _forecasts(values: Values, lagged: Lagged, *, origin: int, horizon: int, seed: int) -> dict[str, Values]:
    known = values[: origin + 1]
    return {
        "model": forecast_from(lagged, origin=origin, horizon=horizon, seed=seed),
        "naive": naive(known, horizon=horizon),
        "seasonal_naive": seasonal_naive(known, horizon=horizon, season=lagged.season),
    }


def _running_errors(came: list[Values], said: dict[str, list[Values]]) -> dict[str, float]:
    """Return the mean absolute errors so far; nothing while no outcome was observed."""
    actual = np.array(came)
    seen = ~np.isnan(actual)
    if not seen.any():
        return {}
    return {f"{name}_mae": float(np.abs(actual - np.array(values))[seen].mean()) for name, values in said.items()}
