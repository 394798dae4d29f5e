"""Partial dependence as small charts side by side."""

from collections.abc import Sequence

import altair as alt
import numpy as np
from pandas import DataFrame

from tasks.figures.style import in_house_style
from tasks.train.dependence import Dependence
from tasks.train.outcome import shown_classes
from tasks.train.target import Target

#: Width and height of one chart, in pixels, and charts in a row.
WIDTH, HEIGHT, IN_A_ROW = 260, 180, 2
_DAY_MS = 86_400_000


def draw_dependence(dependences: Sequence[Dependence], target: Target) -> dict[str, object]:
    """Return a chart per column, all of one vertical scale: the higher it climbs, the more the column does."""
    series = [target.classes[position] for position in shown_classes(target)] if target.classes else [target.name]
    value = "Mean probability" if target.classes else "Mean prediction"
    charts = [_chart(dependence, series, value=value) for dependence in dependences]
    chart = alt.concat(*charts, columns=IN_A_ROW).resolve_scale(y="shared", color="shared")
    of = "each class" if len(series) > 1 else series[0]
    subtitle = f"{value} of {of} over the rows, if a column had this value in all of them."
    return in_house_style(chart, title="What the model predicts as one column changes", subtitle=subtitle)


def _chart(dependence: Dependence, series: list[str], *, value: str) -> alt.Chart:
    drawn = _drawn(dependence)
    x = np.repeat(np.array(drawn, dtype=object), len(series))
    points = DataFrame({"x": x, "y": dependence.means.ravel(), "series": series * len(drawn)})
    chart = alt.Chart(points, width=WIDTH, height=HEIGHT)
    is_listed = dependence.kind in ("categorical", "boolean")
    marked = chart.mark_point(filled=True, size=80, opacity=1) if is_listed else chart.mark_line()
    axis = _axis(dependence)
    encoded: alt.Chart = marked.encode(
        x=axis,
        y=alt.Y("y:Q", title=value, scale=alt.Scale(zero=False, padding=8)),
        color=alt.Color("series:N", sort=series, legend=alt.Legend(title="Class") if len(series) > 1 else None),
        tooltip=["series:N", alt.Tooltip("y:Q", title=value)],
    )
    return encoded


def _axis(dependence: Dependence) -> alt.X:
    if dependence.kind == "date":
        return alt.X("x:T", title=dependence.feature, scale=alt.Scale(type="utc"))
    if dependence.kind == "numeric":
        return alt.X("x:Q", title=dependence.feature, scale=alt.Scale(zero=False))
    return alt.X("x:N", sort=[str(value) for value in _drawn(dependence)], title=dependence.feature)


def _drawn(dependence: Dependence) -> list[float] | list[str]:
    """Return the values tried as the chart has them: dates as milliseconds since 1970."""
    if dependence.kind == "date":
        return [float(round(float(day) * _DAY_MS)) for day in dependence.grid]
    if dependence.kind == "boolean":
        return ["true" if value else "false" for value in dependence.grid]
    return dependence.grid
