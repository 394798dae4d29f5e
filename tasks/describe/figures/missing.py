"""How much of each column is missing."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from pandas import DataFrame

from tasks.data.plain import shortened
from tasks.figures.style import in_house_style

#: Most columns that are shown.
MOST_COLUMNS = 40


def missing_figure(profiles: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return `missing`: the columns with gaps, those with most first; None if there are none."""
    gaps = sorted((one for one in profiles if one["missing"]), key=lambda one: -one["missing"])
    if not gaps:
        return None
    rows = [
        {"column": shortened(one["column"]), "share": round(one["missing_share"], 5), "cells": one["missing"]}
        for one in gaps[:MOST_COLUMNS]
    ]
    chart = (
        alt.Chart(DataFrame(rows))
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title="Missing", axis=alt.Axis(format="%")),
            y=alt.Y("column:N", title=None, sort=[row["column"] for row in rows]),
            tooltip=["column:N", alt.Tooltip("share:Q", format=".2%"), alt.Tooltip("cells:Q", format=",")],
        )
        .properties(width=420, height=alt.Step(22))
    )
    cut = f" The {MOST_COLUMNS} with most are shown." if len(gaps) > MOST_COLUMNS else ""
    verb = "has" if len(gaps) == 1 else "have"
    return in_house_style(
        chart,
        title="Where values are missing",
        subtitle=f"{len(gaps):,} of {len(profiles):,} columns {verb} gaps.{cut}",
    )
