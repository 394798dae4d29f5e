"""The figures of principal components: how much each holds, and what it is made of."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from tasks.data.plain import shortened
from tasks.figures.style import CONTRAST, DIVERGING, in_house_style
from tasks.reduce.principal import SHARES, Principal

#: Most bars of the scree plot; most columns and components of the heat map.
MOST_BARS, MOST_COLUMNS, MOST_COMPONENTS = 30, 30, 12


def scree_figure(principal: Principal) -> dict[str, Any]:
    """Return `scree`: the share of the variance that each component holds, and their sum so far."""
    shares = principal.shares[:MOST_BARS]
    rows = DataFrame(
        {
            "component": range(1, len(shares) + 1),
            "share": shares.round(5),
            "cumulative": np.cumsum(principal.shares)[:MOST_BARS].round(5),
        }
    )
    base = alt.Chart(rows).encode(
        x=alt.X("component:O", title="Component", axis=alt.Axis(labelAngle=0, labelOverlap=True))
    )
    tooltip = ["component:O", alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("cumulative:Q", format=".1%")]
    title = "Share of the variance"
    axis = alt.Axis(format="%", title=title)
    bars = base.mark_bar().encode(y=alt.Y("share:Q", axis=axis, scale=alt.Scale(domain=[0, 1])), tooltip=tooltip)
    line = base.mark_line(point=True, color=CONTRAST).encode(y=alt.Y("cumulative:Q", title=title), tooltip=tooltip)
    counts = ", ".join(f"{share:.0%} by {principal.needed(share)}" for share in SHARES)
    cut = f" The first {MOST_BARS} of {len(principal.shares)} are shown." if len(principal.shares) > MOST_BARS else ""
    return in_house_style(
        (bars + line).properties(width=480, height=280),
        title="How much of the variance the components hold",
        subtitle=f"Bars: each; line: all so far. Held: {counts} components.{cut}",
    )


def loadings_figure(principal: Principal, columns: Sequence[str]) -> dict[str, Any]:
    """Return `loadings`: the correlation of the columns with the first components."""
    loadings = principal.loadings[:, :MOST_COMPONENTS]
    strongest = np.argsort(-np.abs(loadings).max(axis=1), kind="stable")[:MOST_COLUMNS]
    shown = sorted(strongest, key=lambda at: _place(loadings[at]))
    cells = [
        {"column": shortened(columns[at]), "component": number + 1, "loading": round(float(value), 3)}
        for at in shown
        for number, value in enumerate(loadings[at])
    ]
    scale = alt.Scale(scheme=DIVERGING, domain=[-1, 1], domainMid=0)
    chart = (
        alt.Chart(DataFrame(cells))
        .mark_rect()
        .encode(
            x=alt.X("component:O", title="Component", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("column:N", title=None, sort=[shortened(columns[at]) for at in shown]),
            color=alt.Color("loading:Q", title="Correlation", scale=scale),
            tooltip=["column:N", "component:O", alt.Tooltip("loading:Q", format="+.2f")],
        )
        .properties(width=alt.Step(44), height=alt.Step(22))
    )
    cut = f" The {MOST_COLUMNS} of {len(columns)} columns with the strongest ones." if len(columns) > len(shown) else ""
    return in_house_style(
        chart, title="What the components are made of", subtitle=f"Correlation of columns with components.{cut}"
    )


def _place(loadings: NDArray[np.float64]) -> tuple[int, float]:
    """Sort columns by the component they belong to most, then from the most positive to the most negative."""
    own = int(np.argmax(np.abs(loadings)))
    return own, -float(loadings[own])
