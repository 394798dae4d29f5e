"""Predicted numbers beside actual ones, and what lies between them."""

import altair as alt
import numpy as np
from numpy.random import Generator
from pandas import DataFrame

from tasks.figures.rows import sample_rows
from tasks.figures.style import ACCENT, CONTRAST, in_house_style
from tasks.train.outcome import Outcome
from tasks.train.target import Target

#: Most rows that are drawn.
MOST_POINTS = 2_500
#: Significant digits of a drawn number.
DIGITS = 6


def points_to_draw(outcome: Outcome, rng: Generator) -> tuple[DataFrame, str]:
    """Return `actual`, `predicted` and `residual` (actual minus predicted) of rows out of fold, and which those are."""
    points = DataFrame(
        {"actual": outcome.truth, "predicted": outcome.values, "residual": outcome.truth - outcome.values}
    )
    drawn, which = sample_rows(points, most=MOST_POINTS, rng=rng)
    return drawn.map(_rounded), which


def draw_residuals(points: DataFrame, target: Target, *, subtitle: str) -> dict[str, object]:
    """Return the residuals over the predicted values; a good model leaves no pattern around zero."""
    zero = alt.Chart(DataFrame({"residual": [0.0]})).mark_rule(color=CONTRAST, strokeWidth=2).encode(y="residual:Q")
    chart = (
        _dots(points).encode(
            x=alt.X("predicted:Q", title=f"Predicted {target.name}", scale=alt.Scale(zero=False)),
            y=alt.Y("residual:Q", title="Actual minus predicted"),
        )
        + zero
    )
    return in_house_style(chart, title="How far predictions are off", subtitle=_out_of_fold(subtitle))


def draw_predicted_vs_actual(points: DataFrame, target: Target, *, subtitle: str) -> dict[str, object]:
    """Return the actual values over the predicted ones, and the line where they are equal."""
    both = points[["predicted", "actual"]].to_numpy()
    ends = DataFrame({"predicted": [both.min(), both.max()], "actual": [both.min(), both.max()]})
    equal = alt.Chart(ends).mark_line(color=CONTRAST, strokeWidth=2).encode(x="predicted:Q", y="actual:Q")
    chart = (
        _dots(points).encode(
            x=alt.X("predicted:Q", title=f"Predicted {target.name}", scale=alt.Scale(zero=False)),
            y=alt.Y("actual:Q", title=f"Actual {target.name}", scale=alt.Scale(zero=False)),
        )
        + equal
    )
    return in_house_style(chart, title="Predicted beside actual values", subtitle=_out_of_fold(subtitle))


def _dots(points: DataFrame) -> alt.Chart:
    dots = alt.Chart(points).mark_circle(color=ACCENT, opacity=0.65, size=30)
    encoded: alt.Chart = dots.encode(tooltip=["actual:Q", "predicted:Q", "residual:Q"])
    return encoded


def _out_of_fold(which: str) -> str:
    return f"Each row predicted by a model that has not learned from it. {which}".strip()


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}") if np.isfinite(number) else number
