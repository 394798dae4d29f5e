"""The computing behind `forecast`: read the series, backtest, forecast, and say what was learned."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from tasks.data.plain import plain_number
from tasks.forecast.account import judge, scores_by_step, write_notes
from tasks.forecast.backtest import Backtest, choose_origins, run_backtest, values_needed
from tasks.forecast.baselines import naive, seasonal_naive
from tasks.forecast.features import Lagged, calendar_of
from tasks.forecast.figures import draw_backtest, draw_forecast
from tasks.forecast.intervals import half_widths
from tasks.forecast.model import forecast_from
from tasks.forecast.series import Series, read_series
from tasks.job import Job

Values = NDArray[np.float64]


def compute(
    data: DataFrame,
    job: Job,
    *,
    time: str,
    target: str,
    horizon: int,
    season: int | None,
    origins: int,
    interval: float,
) -> dict[str, object]:
    """Return the forecast that `tasks.forecast.params.forecast` documents."""
    job.progress(0.0, "prepare")
    series = read_series(data, time=time, target=target)
    resolved = _season(series, season, horizon=horizon)
    chosen = choose_origins(series, horizon=horizon, season=resolved, wanted=origins)
    lagged = _lagged(series, season=resolved, horizon=horizon)
    backtest = run_backtest(series, lagged, job, origins=chosen, horizon=horizon, coverage=interval)
    steps = _forecast(series, lagged, backtest, horizon=horizon, coverage=interval, seed=job.seed)
    by_step = scores_by_step(backtest, coverage=interval)
    job.figure("forecast", draw_forecast(series, steps, target=target, season=resolved, coverage=interval))
    job.figure("backtest", draw_backtest(by_step, target=target, origins=len(backtest.origins)))
    job.file("forecast.csv", DataFrame(steps).to_csv(index=False), media_type="text/csv")
    job.progress(1.0, "done")
    return {
        "time": time,
        "target": target,
        "horizon": horizon,
        "season": resolved,
        "interval": interval,
        **_described(series),
        "forecast": steps,
        "origins": len(chosen),
        "origins_done": len(backtest.origins),
        **judge(backtest, series, coverage=interval),
        "by_step": by_step,
        "features": list(lagged.names),
        "notes": write_notes(backtest, series, season=resolved, asked=season, fitting=len(chosen), coverage=interval),
        "partial": len(backtest.origins) < len(chosen),
    }


def _season(series: Series, asked: int | None, *, horizon: int) -> int:
    """Return the season asked for, or the usual one of the frequency if the series has room to learn it."""
    if asked is not None:
        return asked
    usual = series.frequency.season
    return usual if len(series.values) >= values_needed(horizon=horizon, season=usual) else 1


def _lagged(series: Series, *, season: int, horizon: int) -> Lagged:
    times = series.frequency.times(len(series.times) + horizon)
    calendar, names = calendar_of(times, in_months=series.frequency.in_months)
    return Lagged(values=series.values, calendar=calendar, calendar_names=names, season=season)


def _described(series: Series) -> dict[str, object]:
    return {
        "frequency": series.frequency.name,
        "first": series.written.write(series.times[0]),
        "last": series.written.write(series.times[-1]),
        "values": len(series.values),
        "rows_without_target": series.rows_without,
        "gaps_filled": int((~series.given).sum()),
    }


def _forecast(
    series: Series, lagged: Lagged, backtest: Backtest, *, horizon: int, coverage: float, seed: int
) -> list[dict[str, object]]:
    values = series.values
    middle = forecast_from(lagged, origin=len(values) - 1, horizon=horizon, seed=seed)
    model = backtest.outcomes["model"]
    half = half_widths(np.abs(model.actual - model.forecast), coverage=coverage)
    columns = {
        "forecast": middle,
        "lower": middle - half,
        "upper": middle + half,
        "naive": naive(values, horizon=horizon),
        "seasonal_naive": seasonal_naive(values, horizon=horizon, season=lagged.season),
    }
    times = [series.written.write(moment) for moment in series.future(horizon)]
    return [
        {
            "step": step + 1,
            "time": times[step],
            **{name: plain_number(column[step]) for name, column in columns.items()},
        }
        for step in range(horizon)
    ]
