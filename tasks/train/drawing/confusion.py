"""The confusion matrix as a heat map: which classes are taken for which."""

import altair as alt
import numpy as np
from pandas import DataFrame

from tasks.figures.style import SEQUENTIAL, AnyChart, in_house_style
from tasks.train.outcome import Outcome

#: Most classes that are drawn, those with the most rows; and most whose cells are written into.
MOST_CLASSES, MOST_WRITTEN = 30, 12
#: Share of a row from which a cell is so light that its number is written in black.
LIGHT = 0.6


def draw_confusion(outcome: Outcome) -> dict[str, object]:
    """Return the heat map; a cell's colour is its share of the actual class, its number counts rows out of fold."""
    names, counts = outcome.target.classes, outcome.confusion
    shown = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:MOST_CLASSES])
    labels = [names[position] for position in shown]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = DataFrame(
        {
            "actual": np.repeat(labels, len(labels)),
            "predicted": np.tile(labels, len(labels)),
            "rows": counts[np.ix_(shown, shown)].ravel(),
            "share": shares[np.ix_(shown, shown)].ravel().round(4),
        }
    )
    right = int(np.trace(counts))
    subtitle = f"{right:,} of {counts.sum():,} rows out of fold are right, on the diagonal."
    if len(shown) < len(names):
        subtitle += f" The {len(shown)} classes with the most rows, of {len(names)}."
    return in_house_style(_chart(cells, labels), title="Which class is taken for which", subtitle=subtitle)


def _chart(cells: DataFrame, labels: list[str]) -> AnyChart:
    step, angle = (44, -35) if len(labels) <= MOST_WRITTEN else (18, -90)
    base = alt.Chart(cells, width=alt.Step(step), height=alt.Step(step)).encode(
        x=alt.X("predicted:N", sort=labels, title="Predicted class", axis=alt.Axis(labelAngle=angle)),
        y=alt.Y("actual:N", sort=labels, title="Actual class"),
        tooltip=["actual:N", "predicted:N", "rows:Q", alt.Tooltip("share:Q", format=".1%")],
    )
    squares: alt.Chart = base.mark_rect().encode(
        color=alt.Color(
            "share:Q",
            scale=alt.Scale(scheme=SEQUENTIAL, domain=[0, 1]),
            legend=alt.Legend(title="Share of class", format=".0%"),
        )
    )
    if len(labels) > MOST_WRITTEN:
        return squares
    ink = alt.condition(alt.datum.share > LIGHT, alt.value("black"), alt.value("white"))
    numbers: alt.Chart = base.mark_text().encode(text=alt.Text("rows:Q", format=","), color=ink)
    return squares + numbers
