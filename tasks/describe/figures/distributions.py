"""How the values of each column are distributed, as small multiples."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from tasks.data.kinds import Kind, as_dates
from tasks.data.plain import shortened
from tasks.figures.style import ACCENT, INK, in_house_style

#: Most columns that are shown, and how many beside each other.
MOST_COLUMNS, ACROSS = 24, 3
#: Bars of a histogram, and most bars of categories.
BINS, MOST_BARS = 25, 8
#: Whole numbers below have a bin each where there are few.
LARGEST_WHOLE = 1e9
#: Width and height of one panel, in pixels.
WIDTH, HEIGHT = 210, 120
#: What the rarer categories are called together.
OTHERS = "others"


def distributions_figure(table: DataFrame, kinds: Mapping[str, Kind]) -> dict[str, Any] | None:
    """Return `distributions`: histograms of numbers and dates, bars of categories; None if there are none."""
    panels = []
    drawable = [name for name, kind in kinds.items() if kind not in (Kind.TEXT, Kind.MIXED, Kind.EMPTY)]
    for name in drawable[:MOST_COLUMNS]:
        panel = _panel(table[name].dropna(), kinds[name])
        if panel is not None:
            heading = alt.TitleParams(text=shortened(str(name))[:40], fontSize=12, color=INK, anchor="start")
            panels.append(panel.properties(width=WIDTH, height=HEIGHT, title=heading))
    if not panels:
        return None
    cut = f" The first {MOST_COLUMNS} of {len(drawable)} columns." if len(drawable) > MOST_COLUMNS else ""
    return in_house_style(
        alt.concat(*panels, columns=ACROSS),
        title="How the values are distributed",
        subtitle=f"Rows by value: numbers and dates in {BINS} bins, the most frequent categories.{cut}",
    )


def _panel(present: Series, kind: Kind) -> alt.Chart | None:
    if kind == Kind.NUMERIC:
        numbers = present.to_numpy(dtype=np.float64)
        return _histogram(numbers[np.isfinite(numbers)], temporal=False)
    if kind == Kind.DATETIME:
        moments = as_dates(present).dt.tz_localize(None).to_numpy().astype("datetime64[ms]").astype(np.int64)
        return _histogram(moments.astype(np.float64), temporal=True)
    return _bars(present)


def _histogram(numbers: NDArray[np.float64], *, temporal: bool) -> alt.Chart | None:
    with np.errstate(all="ignore"):
        if not len(numbers) or not np.isfinite(numbers.max() - numbers.min()):
            return None
        counts, edges = np.histogram(numbers, bins=_edges(numbers))
    rows = DataFrame({"low": edges[:-1], "high": edges[1:], "rows": counts})
    bars: alt.Chart = (
        alt.Chart(rows[rows["rows"] > 0])
        .mark_rect(color=ACCENT)
        .encode(
            x=alt.X(
                "low",
                type="temporal" if temporal else "quantitative",
                title=None,
                scale=alt.Scale(type="utc") if temporal else alt.Scale(zero=False),
                axis=alt.Axis(tickCount=4, labelOverlap=True),
            ),
            x2="high",
            y=alt.Y("rows:Q", title=None),
            y2=alt.datum(0),
            tooltip=[alt.Tooltip("rows:Q", title="rows")],
        )
    )
    return bars


def _edges(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges of the bins: around each value where there are few whole ones, else equally spaced."""
    low, high = numbers.min(), numbers.max()
    if high - low < BINS and abs(low) < LARGEST_WHOLE and (numbers % 1 == 0).all():
        return np.arange(low, high + 2) - 0.5
    # Fewer than asked for where the numbers lie closer than that many steps of their arithmetic.
    edges: NDArray[np.float64] = np.unique(np.linspace(low, high, BINS + 1))
    return edges if len(edges) > 1 else np.array([low - max(0.5, abs(low) / 100), low + max(0.5, abs(low) / 100)])


def _bars(present: Series) -> alt.Chart | None:
    if present.empty:
        return None
    counts = present.astype(object).value_counts()
    rows: list[dict[str, Any]] = [
        {"value": _spoken(value), "rows": int(count)} for value, count in counts.head(MOST_BARS).items()
    ]
    if len(counts) > MOST_BARS:
        rows.append({"value": OTHERS, "rows": int(counts.iloc[MOST_BARS:].sum())})
    bars: alt.Chart = (
        alt.Chart(DataFrame(rows))
        .mark_bar(color=ACCENT)
        .encode(
            x=alt.X("rows:Q", title=None, axis=alt.Axis(tickCount=4)),
            y=alt.Y("value:N", title=None, sort=[row["value"] for row in rows], axis=alt.Axis(labelLimit=90)),
            tooltip=["value:N", "rows:Q"],
        )
    )
    return bars


def _spoken(value: object) -> str:
    return str(value).lower() if isinstance(value, (bool, np.bool_)) else shortened(str(value))
