"""How columns go together, pair by pair, as heat maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
from pandas import DataFrame

from tasks.data.plain import shortened
from tasks.describe.associations import Associations
from tasks.figures.style import DIVERGING, SEQUENTIAL, in_house_style

#: Most columns on one side.
MOST_COLUMNS = 30
#: Width and height of a cell, in pixels.
CELL = 22


def correlations_figure(correlations: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return `correlations`: those of numbers; None for fewer than two columns."""
    names, matrix = correlations["columns"], correlations["matrix"]
    if len(names) < 2:
        return None
    shown = _strongest(matrix)
    cells = [
        {"x": shortened(names[at]), "y": shortened(names[other]), "value": round(matrix[at][other], 3)}
        for at in shown
        for other in shown
        if matrix[at][other] is not None
    ]
    order = [shortened(names[at]) for at in shown]
    method = {"pearson": "Pearson's correlation", "spearman": "Spearman's rank correlation"}[correlations["method"]]
    cut = f" The {len(shown)} of {len(names)} columns with the strongest ones." if len(shown) < len(names) else ""
    return in_house_style(
        _heat_map(cells, x=order, y=order, scale=alt.Scale(scheme=DIVERGING, domain=[-1, 1], domainMid=0)),
        title="How numbers move together",
        subtitle=f"{method}: 1 together, -1 opposite, 0 not at all.{cut}",
    )


def associations_figure(associations: Associations) -> dict[str, Any] | None:
    """Return `associations`: how categories go with other categories and numbers; None if there are no pairs."""
    categories, numbers = associations.categorical[:MOST_COLUMNS], associations.numeric[:MOST_COLUMNS]
    if not categories or len(categories) + len(numbers) < 2:
        return None
    cells = [
        {"x": shortened(other), "y": shortened(name), "value": round(value, 3)}
        for at, name in enumerate(categories)
        for other, value in [
            *zip(categories, associations.between[at], strict=False),
            *zip(numbers, associations.mixed[at], strict=False),
        ]
        if value is not None and other != name
    ]
    order = [shortened(name) for name in categories]
    across = [*order, *map(shortened, numbers)]
    return in_house_style(
        _heat_map(cells, x=across, y=order, scale=alt.Scale(scheme=SEQUENTIAL, domain=[0, 1])),
        title="How categories go with other columns",
        subtitle="Cramér's V (corrected for bias) with categories, correlation ratio with numbers: 0 not at all, 1 the "
        "one tells the other.",
    )


def _heat_map(cells: Sequence[Mapping[str, Any]], *, x: list[str], y: list[str], scale: alt.Scale) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(DataFrame(cells, columns=["x", "y", "value"]))
        .mark_rect()
        .encode(
            x=alt.X("x:N", title=None, sort=x, axis=alt.Axis(labelAngle=-60)),
            y=alt.Y("y:N", title=None, sort=y),
            color=alt.Color("value:Q", title="Strength", scale=scale),
            tooltip=[alt.Tooltip("x:N", title="column"), alt.Tooltip("y:N", title="with"), "value:Q"],
        )
        .properties(width=alt.Step(CELL), height=alt.Step(CELL))
    )
    return chart


def _strongest(matrix: Sequence[Sequence[float | None]]) -> list[int]:
    """Return the columns with the strongest correlations, in the order of the table."""
    strengths = np.abs(np.array(matrix, dtype=np.float64))
    np.fill_diagonal(strengths, 0)
    order = np.argsort(-np.nan_to_num(strengths).max(axis=0), kind="stable")[:MOST_COLUMNS]
    return sorted(order.tolist())
