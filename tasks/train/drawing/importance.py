"""The importance of the columns as bars."""

from collections.abc import Sequence

import altair as alt
from pandas import DataFrame

from tasks.figures.style import ACCENT, INK, in_house_style
from tasks.train.importance import Importance

#: Most columns that are drawn, the most important first.
MOST_BARS = 20


def draw_importance(ranked: Sequence[Importance], *, metric: str) -> dict[str, object]:
    """Return a bar per column, with a line of one standard deviation to both sides."""
    drawn = ranked[:MOST_BARS]
    bars = DataFrame(
        {
            "column": [column.feature for column in drawn],
            "mean": [column.mean for column in drawn],
            "low": [column.mean - column.std for column in drawn],
            "high": [column.mean + column.std for column in drawn],
        }
    )
    order = alt.Y("column:N", sort=[column.feature for column in drawn], title=None)
    base = alt.Chart(bars).encode(y=order, tooltip=["column:N", "mean:Q", "low:Q", "high:Q"])
    chart = base.mark_bar(color=ACCENT).encode(x=alt.X("mean:Q", title=f"Drop of {metric} when shuffled")) + (
        base.mark_rule(color=INK, strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q")
    )
    subtitle = "Measured on rows out of fold; lines reach one standard deviation to both sides."
    if len(drawn) < len(ranked):
        subtitle += f" The {len(drawn)} most important of {len(ranked)} columns."
    return in_house_style(chart, title="Which columns the model needs", subtitle=subtitle)
