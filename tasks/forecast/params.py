"""What a client may ask of `forecast`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tasks import Job, Length, Range, analysis

if TYPE_CHECKING:
    from pandas import DataFrame


#: Three years of monthly air passengers, in thousands (Box & Jenkins 1976, series G).
_PASSENGERS = [
    *(112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118),
    *(115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140),
    *(145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166),
]
_MONTHS = [f"{year}-{month:02}-01" for year in (1949, 1950, 1951) for month in range(1, 13)]


@analysis(
    timeout=1800,
    deterministic=True,
    example={"time": "month", "target": "passengers", "horizon": 6},
    example_data={"columns": {"month": _MONTHS, "passengers": _PASSENGERS}},
)
def forecast(
    data: DataFrame,
    job: Job,
    *,
    time: Annotated[str, Length(1, 500)],
    target: Annotated[str, Length(1, 500)],
    horizon: Annotated[int, Range(1, 500)] = 12,
    season: Annotated[int, Range(1, 10_000)] | None = None,
    origins: Annotated[int, Range(1, 50)] = 10,
    interval: Annotated[float, Range(0.5, 0.99)] = 0.9,
) -> dict[str, object]:
    """Forecast a series with intervals, and tell by backtests whether that beats repeating the last season.

    The step between times (hours, days, business days, weeks, months, quarters, years …) is found from the data; gaps
    are filled on a straight line and counted. Gradient boosting learns, from lags and the calendar, by how much each of
    the next steps departs from the same place in the last known season; so a pure season is repeated exactly, and a
    trend goes on. It is held, at several past moments (origins), against what then happened, beside the naive forecast
    (the last value) and the seasonal-naive one (the last season). The intervals rest on its errors there, step by step.
    Asked to finish, it reports the origins that are done, the latest first, and forecasts all the same.

    Parameters
    ----------
    time
        The column of dates or moments, ISO 8601 (`2026-01-31`, `2026-01-31T12:00`, `2026-01`) or years, in any order.
    target
        The column of numbers to forecast.
    horizon
        How many steps ahead to forecast.
    season
        Steps after which the series repeats itself, 1 for no season; if left out, that of the step between times: a day
        for steps below a day, 7 days, 5 business days, 52 weeks, 12 months, 4 quarters.
    origins
        At how many past moments to backtest, each time with a model that knows nothing later.
    interval
        Share of outcomes that an interval shall cover.

    Returns
    -------
    dict
        `time`, `target`, `horizon`, `season`, `interval`: as resolved.
        `frequency`: the step between times (`month`, `15 minutes`, `business day`); `first`, `last`: the series' ends.
        `values`: its length; `rows_without_target`: rows left out; `gaps_filled`: values filled in between.
        `forecast`: one per step: `step`, `time`, `forecast`, `lower`, `upper` (null where too few origins allow none),
        and for comparison `naive`, `seasonal_naive`; all in the target's unit.
        `origins`, `origins_done`: backtests that fit into the series, and those run.
        `metrics`: over all steps of all origins: `mae`, `rmse`, `pinball` (mean of both bounds), `width` of the
        interval, all in the target's unit; `mase` (errors in units of the seasonal-naive forecast's within the known
        part), `smape` (percent, 0 to 200), `coverage` (share inside the interval); null where undefined.
        `baselines`: the same of `naive` and `seasonal_naive`, with intervals of their own errors.
        `by_step`: one per step ahead: `step`, and the same of `model`, `naive`, `seasonal_naive`.
        `by_origin`: one per origin, by time: `origin` (the last time known), and `mae` of the three.
        `primary_metric` (`mae`), `beats_naive`, `beats_seasonal_naive`.
        `features`: what the model learned from.
        `notes`: what else to know, in sentences.
        `partial`: whether it was asked to finish before the last origin.
        Figures: `forecast`, `backtest`. File: `forecast.csv`.

    Raises
    ------
    AnalysisError
        For unknown or mixed columns, times that can't be read, repeat themselves or keep no step, a target that is no
        number or never changes, and a series too short for its horizon and season.

    References
    ----------
    Direct forecasts and lags: https://scikit-learn.org/stable/auto_examples/applications/plot_time_series_lagged_features.html
    Naive forecasts, backtests and MASE: Hyndman & Athanasopoulos, Forecasting, 3rd ed., https://otexts.com/fpp3/
    Intervals: Stankevičiūtė, Alaa & van der Schaar, Conformal time-series forecasting, NeurIPS 2021
    """
    from tasks.forecast.analysis import compute

    return compute(
        data,
        job,
        time=time,
        target=target,
        horizon=horizon,
        season=season,
        origins=origins,
        interval=interval,
    )
