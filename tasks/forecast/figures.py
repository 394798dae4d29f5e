"""The figures of `forecast`: the series with what comes next, and the errors by step."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from pandas import DataFrame, DatetimeIndex

from tasks.figures.style import ACCENT, CONTRAST, INK, in_house_style
from tasks.forecast.series import Series

#: Most points of the past that the forecast is shown behind.
LONGEST_TAIL = 1_000
#: How many horizons, and how many seasons, of the past are shown at least.
HORIZONS_SHOWN, SEASONS_SHOWN = 4, 3
#: Most steps that get a mark each.
MOST_MARKS = 60
#: How the forecasts that are compared are called, and their colours.
SPOKEN = {"model": "model", "seasonal_naive": "seasonal naive", "naive": "naive"}
COLOURS = {"model": ACCENT, "seasonal naive": CONTRAST, "naive": INK}

Steps = Sequence[Mapping[str, object]]


def draw_forecast(series: Series, steps: Steps, *, target: str, season: int, coverage: float) -> dict[str, Any]:
    """Return the figure of the last part of the series, the forecast and its interval."""
    tail = min(max(HORIZONS_SHOWN * len(steps), SEASONS_SHOWN * season), LONGEST_TAIL)
    known = DataFrame({"time": _texts(series.times[-tail:]), "value": series.values[-tail:], "series": "observed"})
    ahead = DataFrame([*steps]).assign(time=_texts(series.future(len(steps))), series="forecast")
    layers = [_line(known, target=target), _line(ahead.rename(columns={"forecast": "value"}), target=target)]
    bounded = ahead.dropna(subset=["lower", "upper"])
    if bounded.empty:
        return in_house_style(alt.layer(*layers), title=f"Forecast of {target}")
    return in_house_style(
        alt.layer(_band(bounded, target=target), *layers),
        title=f"Forecast of {target}",
        subtitle=f"Shaded: the interval for {coverage:.0%} of outcomes, from the errors in backtests.",
    )


def draw_backtest(by_step: Steps, *, target: str, origins: int) -> dict[str, Any]:
    """Return the figure of the mean absolute error by step ahead, of the model and what it must beat."""
    rows = [
        {"step": scores["step"], "series": spoken, "error": scores[name]["mae"]}  # type: ignore[index]
        for scores in by_step
        for name, spoken in SPOKEN.items()
    ]
    colour = alt.Scale(domain=[*COLOURS], range=[*COLOURS.values()])
    chart = (
        alt.Chart(DataFrame(rows).dropna())
        .mark_line(point=len(by_step) <= MOST_MARKS)
        .encode(
            x=alt.X("step:Q", title="steps ahead", axis=alt.Axis(format="d", tickMinStep=1)),
            y=alt.Y("error:Q", title=f"mean absolute error of {target}", scale=alt.Scale(zero=True)),
            color=alt.Color("series:N", title=None, scale=colour),
        )
    )
    times = "one past moment" if origins == 1 else f"{origins} past moments"
    return in_house_style(chart, title=f"Errors in forecasts of {target}", subtitle=f"Backtests at {times}.")


def _line(rows: DataFrame, *, target: str) -> alt.Chart:
    colour = alt.Scale(domain=["observed", "forecast"], range=[INK, ACCENT])
    marked = len(rows) <= MOST_MARKS and rows["series"].iloc[0] == "forecast"
    chart: alt.Chart = (
        alt.Chart(rows[["time", "value", "series"]])
        .mark_line(point=marked)
        .encode(x=_time(), y=_value("value", target=target), color=alt.Color("series:N", title=None, scale=colour))
    )
    return chart


def _band(rows: DataFrame, *, target: str) -> alt.Chart:
    chart = alt.Chart(rows[["time", "lower", "upper"]])
    # An area of one time has no extent.
    drawn = chart.mark_area(opacity=0.25, color=ACCENT) if len(rows) > 1 else chart.mark_rule(color=ACCENT)
    band: alt.Chart = drawn.encode(x=_time(), y=_value("lower", target=target), y2="upper:Q")
    return band


def _time() -> alt.X:
    return alt.X("time:T", title=None, scale=alt.Scale(type="utc"))


def _value(field: str, *, target: str) -> alt.Y:
    return alt.Y(f"{field}:Q", title=target, scale=alt.Scale(zero=False))


def _texts(times: DatetimeIndex) -> list[str]:
    """Return times as Vega reads them in every time zone alike."""
    return [f"{moment.isoformat()}Z" for moment in times]
