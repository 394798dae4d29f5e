"""What the backtest comes to: scores over all steps, by step and by origin, and notes in sentences."""

import numpy as np

from tasks.forecast.backtest import COMPARED, Backtest
from tasks.forecast.intervals import enough
from tasks.forecast.metrics import Scores
from tasks.forecast.series import Series

#: What forecasts are compared by; the smaller the better.
PRIMARY_METRIC = "mae"


def judge(backtest: Backtest, series: Series, *, coverage: float) -> dict[str, object]:
    """Return the scores of the model and of the baselines, and whether the model is better."""
    overall = _overall(backtest, coverage=coverage)
    return {
        "metrics": overall["model"],
        "baselines": {name: overall[name] for name in COMPARED if name != "model"},
        "by_origin": _by_origin(backtest, series),
        "primary_metric": PRIMARY_METRIC,
        **{f"beats_{name}": _beats(overall["model"], overall[name]) for name in COMPARED if name != "model"},
    }


def scores_by_step(backtest: Backtest, *, coverage: float) -> list[dict[str, object]]:
    """Return the scores of the model and of the baselines for each step ahead, over all origins."""
    outcomes = backtest.outcomes
    return [
        {"step": step + 1, **{name: outcomes[name].scores(coverage=coverage, step=step) for name in COMPARED}}
        for step in range(outcomes["model"].actual.shape[1])
    ]


def _overall(backtest: Backtest, *, coverage: float) -> dict[str, Scores]:
    return {name: backtest.outcomes[name].scores(coverage=coverage) for name in COMPARED}


def _by_origin(backtest: Backtest, series: Series) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number, origin in enumerate(backtest.origins):
        rows.append({"origin": series.written.write(series.times[origin])})
        for name in COMPARED:
            outcome = backtest.outcomes[name]
            errors = np.abs(outcome.actual[number] - outcome.forecast[number])
            rows[-1][name] = float(np.nanmean(errors)) if (~np.isnan(errors)).any() else None
    return rows


def _beats(model: Scores, other: Scores) -> bool:
    ours, theirs = model[PRIMARY_METRIC], other[PRIMARY_METRIC]
    return ours is not None and theirs is not None and ours < theirs


def write_notes(
    backtest: Backtest, series: Series, *, season: int, asked: int | None, fitting: int, coverage: float
) -> list[str]:
    """Return what else to know about the forecast."""
    gaps, overall = int((~series.given).sum()), _overall(backtest, coverage=coverage)
    usual = series.frequency.season
    return [
        sentence
        for sentence, applies in (
            (f"Rows left out because they have no target: {series.rows_without}.", series.rows_without > 0),
            (f"Values filled on a straight line between their neighbours: {gaps}; no score counts them.", gaps > 0),
            (
                f"The series is too short for its usual season of {usual} steps, so none was assumed.",
                asked is None and season < usual,
            ),
            (
                "The model did no better than the seasonal-naive forecast; use that one, which is simpler.",
                not _beats(overall["model"], overall["seasonal_naive"]),
            ),
            (f"The backtest rests on {len(backtest.origins)} of {fitting} origins.", len(backtest.origins) < fitting),
            (_interval_note(len(backtest.origins), coverage), len(backtest.origins) < _origins_needed(coverage)),
        )
        if applies
    ]


def _origins_needed(coverage: float) -> int:
    """Return from how many origins on each step's interval rests on that step's own errors."""
    return next(count for count in range(1, 1_000) if enough(count, coverage))


def _interval_note(origins: int, coverage: float) -> str:
    return (
        f"Intervals of {coverage:.0%} need {_origins_needed(coverage)} origins to rest on each step's own errors; with "
        f"{origins} they rest on those of neighbouring steps too, or are left out."
    )
