"""The figures of `explain`; the importance and the partial dependence are drawn as by `train`."""

import altair as alt
import numpy as np
from pandas import DataFrame

from tasks.data.plain import shortened
from tasks.explain.axes import axis_of, drawn_values, labels
from tasks.explain.explanation import Explanation
from tasks.explain.single_rows import SingleRows
from tasks.explain.surface import Surface
from tasks.figures.style import ACCENT, INK, SEQUENTIAL, AnyChart, in_house_style
from tasks.job import Job
from tasks.train.drawing.dependence import draw_dependence
from tasks.train.drawing.importance import draw_importance
from tasks.train.metrics import PRIMARY_METRIC

#: Width and height of one chart of `ice`, in pixels, and charts in a row.
WIDTH, HEIGHT, IN_A_ROW = 260, 180, 2
#: Width and height of `pair`, in pixels.
SIDE = 360


def draw_figures(explanation: Explanation, job: Job) -> None:
    """Attach a figure of every look that is done."""
    target = explanation.prepared.target
    importance = draw_importance(explanation.importance, metric=PRIMARY_METRIC[target.problem])
    job.figure("importance", importance, title="Which columns the model needs")
    if explanation.dependence:
        curves = draw_dependence(explanation.dependence, target)
        job.figure("partial_dependence", curves, title="What the model predicts as one column changes")
    if explanation.single_rows:
        _draw_single_rows(explanation, explanation.single_rows, job)
    if explanation.interactions:
        _draw_interactions(explanation, job)
    if explanation.surface is not None:
        _draw_surface(explanation, explanation.surface, job)


def _draw_single_rows(explanation: Explanation, followed: list[SingleRows], job: Job) -> None:
    charts = [_row_lines(each, explanation.quantity) for each in followed]
    chart = alt.concat(*charts, columns=IN_A_ROW).resolve_scale(y="shared")
    title = "What the model predicts for single rows as one column changes"
    subtitle = (
        f"Grey: {len(followed[0].rows)} rows, drawn at random; blue: their mean. Lines that are not parallel tell of "
        "columns that work together."
    )
    job.figure("ice", in_house_style(chart, title=title, subtitle=subtitle), title=title)


def _row_lines(followed: SingleRows, quantity: str) -> AnyChart:
    count = len(followed.rows)
    drawn = drawn_values(followed.dependence)
    lines = DataFrame(
        {
            "x": np.tile(np.array(drawn, dtype=object), count),
            "y": followed.predictions.ravel(),
            "row": np.repeat(followed.rows, len(drawn)),
        }
    )
    means = DataFrame({"x": drawn, "y": followed.predictions.mean(axis=0)})
    x = axis_of(followed.dependence)
    y = alt.Y("y:Q", title=shortened(quantity), scale=alt.Scale(zero=False))
    rows = alt.Chart(lines, width=WIDTH, height=HEIGHT).mark_line(color=INK, opacity=0.35, strokeWidth=1)
    mean = alt.Chart(means, width=WIDTH, height=HEIGHT).mark_line(color=ACCENT, strokeWidth=3)
    return alt.layer(rows.encode(x=x, y=y, detail="row:N"), mean.encode(x=x, y=y))


def _draw_interactions(explanation: Explanation, job: Job) -> None:
    rows = [
        {"pair": " with ".join(shortened(name) for name in each.columns), "size": each.size, "h": each.h}
        for each in explanation.interactions or []
    ]
    bars = (
        alt.Chart(DataFrame(rows))
        .mark_bar(color=ACCENT)
        .encode(
            y=alt.Y("pair:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)),
            x=alt.X("size:Q", title=f"what does not add up, in the {shortened(explanation.quantity)}"),
            tooltip=["pair:N", "size:Q", "h:Q"],
        )
    )
    title = "Which columns work together"
    subtitle = "Root mean square of the model's dependence on both columns less that on each of them."
    job.figure("interactions", in_house_style(bars, title=title, subtitle=subtitle), title=title)


def _draw_surface(explanation: Explanation, surface: Surface, job: Job) -> None:
    first, second = surface.columns
    across, up = labels(first), labels(second)
    cells = DataFrame(
        {
            "x": np.repeat(across, len(up)),
            "y": np.tile(up, len(across)),
            "z": surface.means.ravel(),
        }
    )
    axis = alt.Axis(labelOverlap=True, grid=False)
    chart = (
        alt.Chart(cells, width=SIDE, height=SIDE)
        .mark_rect()
        .encode(
            x=alt.X("x:O", sort=across, title=shortened(first.feature), axis=axis),
            y=alt.Y("y:O", sort=up[::-1], title=shortened(second.feature), axis=axis),
            color=alt.Color("z:Q", title=None, scale=alt.Scale(scheme=SEQUENTIAL)),
        )
    )
    title = f"Mean {shortened(explanation.quantity)} by {shortened(first.feature)} and {shortened(second.feature)}"
    subtitle = "Mean prediction over the rows if both columns had these values in all of them."
    job.figure("pair", in_house_style(chart, title=title, subtitle=subtitle), title=title)
