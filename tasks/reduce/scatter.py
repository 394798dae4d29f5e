"""The map of a table: one point a row, coloured by what it belongs to; drawn at random where there are many."""

from typing import Any

import altair as alt
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pandas import DataFrame, Series

from tasks.figures.rows import sample_rows
from tasks.figures.style import INK, SEQUENTIAL, in_house_style
from tasks.reduce.colours import Colours
from tasks.reduce.plane import Plane

#: Most points of a map (250 KB).
MOST_POINTS = 4_000
#: Digits that a position is drawn with.
DIGITS = 4
#: How a date is written.
DAY = "%Y-%m-%d"
#: Width and height of the map, in pixels.
WIDTH, HEIGHT = 520, 400


def map_figure(
    plane: Plane,
    *,
    title: str,
    rng: Generator,
    colours: Colours | None = None,
    rows: NDArray[np.int64] | None = None,
    subtitle: str = "",
) -> dict[str, Any]:
    """Return the map as Vega-Lite; each point names its row, counted from 1.

    `rows` are the rows' positions in the table, counted from 0, if they are not all of it.
    """
    numbers = (np.arange(len(plane.points)) if rows is None else rows) + 1
    table = DataFrame({"x": plane.points[:, 0], "y": plane.points[:, 1], "row": numbers})
    if colours is not None:
        table["colour"] = colours.values.to_numpy()
    shown, sampled = sample_rows(table, most=MOST_POINTS, rng=rng)
    shown = shown.assign(x=_shortened(shown["x"]), y=_shortened(shown["y"]))
    chart = (
        alt.Chart(shown)
        .mark_point(size=30, opacity=0.75, filled=True, invalid="show")
        .encode(
            x=alt.X("x:Q", title=plane.x, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", title=plane.y, scale=alt.Scale(zero=False)),
            tooltip=[alt.Tooltip("row:Q", title="row"), *([_tooltip(colours)] if colours else [])],
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    if colours is not None:
        chart = chart.encode(**_marks(colours))
    blank = "Grey: no value." if colours and colours.kind != "groups" and colours.values.isna().any() else ""
    figure = in_house_style(chart, title=title, subtitle=" ".join(filter(None, [subtitle, sampled, blank])))
    return figure | {"config": figure["config"] | {"scale": {"invalid": {"color": {"value": INK}}}}}


def _shortened(values: Series) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]


def _tooltip(colours: Colours) -> alt.Tooltip:
    if colours.kind == "dates":
        return alt.Tooltip("colour:T", title=colours.title, format=DAY)
    return alt.Tooltip("colour", type="nominal" if colours.kind == "groups" else "quantitative", title=colours.title)


def _marks(colours: Colours) -> dict[str, Any]:
    if colours.kind == "groups":
        marks = {"color": colours.palette, "shape": colours.shapes}
        return {
            channel: {
                "field": "colour",
                "type": "nominal",
                "title": colours.title,
                "scale": {"domain": list(colours.groups), "range": list(range_)},
            }
            for channel, range_ in marks.items()
        }
    # Dates are amounts too: a scale of times would use a part of the scheme only.
    legend = alt.Legend(labelExpr=f"utcFormat(datum.value, '{DAY}')") if colours.kind == "dates" else alt.Legend()
    colour = alt.Color("colour:Q", title=colours.title, scale=alt.Scale(scheme=SEQUENTIAL, zero=False), legend=legend)
    return {"color": colour}
