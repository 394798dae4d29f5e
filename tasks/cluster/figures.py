"""The figures of `cluster`: how the number was chosen, how well the groups are apart, and what they are like."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
from pandas import DataFrame

from tasks.cluster.choice import Candidate
from tasks.cluster.grouping import NOISE, Labels
from tasks.cluster.silhouette import Silhouette
from tasks.figures.style import CONTRAST, DIVERGING, INK, in_house_style
from tasks.reduce.colours import OTHERS, Colours, colour_groups

#: What rows of no group are called.
NO_GROUP = "none"
#: Most columns of the heat map, and most bars of all silhouettes.
MOST_COLUMNS, MOST_BARS = 30, 600
#: Deviations are coloured up to this many standard deviations.
STRONGEST = 2.5
#: The measures of a number of groups: field, title, what is good.
MEASURES = {
    "silhouette": "Silhouette (higher is better)",
    "davies_bouldin": "Davies-Bouldin (lower is better)",
    "calinski_harabasz": "Calinski-Harabasz (higher is better)",
}


def group_colours(labels: Labels) -> Colours:
    """Return the colours of the groups, rows of none in grey."""
    names = [NO_GROUP if label == NOISE else str(label) for label in labels.tolist()]
    return colour_groups(names, title="cluster", grey=(NO_GROUP,))


def choice_figure(candidates: Sequence[Candidate], chosen: int) -> dict[str, Any]:
    """Return `k_choice`: three measures by the number of groups, the chosen one marked."""
    rows = [
        {"clusters": one.clusters, "measure": title, "value": value, "chosen": chosen}
        for one in candidates
        for measure, title in MEASURES.items()
        if (value := {"silhouette": one.silhouette.mean, **one.separation.as_dict()}[measure]) is not None
    ]
    base = alt.Chart(DataFrame(rows, columns=["clusters", "measure", "value", "chosen"]))
    x = alt.X("clusters:Q", title="Number of groups", axis=alt.Axis(tickMinStep=1, format="d"), scale=_close())
    lines = base.mark_line(point=alt.OverlayMarkDef(size=45)).encode(
        x=x, y=alt.Y("value:Q", title=None, scale=_close()), tooltip=["clusters:Q", alt.Tooltip("value:Q", format=".4")]
    )
    rule = base.mark_rule(color=CONTRAST, strokeDash=[4, 3]).encode(x="chosen:Q")
    panels = (
        alt.layer(rule, lines)
        .properties(width=220, height=190)
        .facet(
            alt.Facet("measure:N", title=None, sort=list(MEASURES.values()), header=alt.Header(labelLimit=240)),
            columns=3,
        )
        .resolve_scale(y="independent")
    )
    return in_house_style(
        panels,
        title=f"{chosen} groups have the highest silhouette",
        subtitle=f"Tried: {candidates[0].clusters} to {candidates[-1].clusters} groups. The dashed line is the choice.",
    )


def silhouette_figure(silhouette: Silhouette, colours: Colours, *, rows: int) -> dict[str, Any]:
    """Return `silhouette`: the rows of each group, the best placed first, at most 600 bars."""
    bars = _bars(silhouette, most=MOST_BARS)
    bars["group"] = [name if name in colours.groups else OTHERS for name in bars["cluster"]]
    scale = alt.Scale(domain=list(colours.groups), range=list(colours.palette))
    y = alt.Y("top:Q", title="Rows, by group", axis=alt.Axis(labels=False, ticks=False, grid=False))
    drawn = (
        alt.Chart(bars)
        .mark_rect(strokeWidth=0.7)
        .encode(
            x=alt.X("value:Q", title="Silhouette of a row"),
            x2=alt.datum(0),
            y=y,
            y2="bottom:Q",
            color=alt.Color("group:N", legend=None, scale=scale),
            stroke=alt.Stroke("group:N", legend=None, scale=scale),
            tooltip=[alt.Tooltip("cluster:N"), alt.Tooltip("value:Q", title="silhouette", format=".3f")],
        )
    )
    mean = alt.Chart(DataFrame({"x": [silhouette.mean]})).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="x:Q")
    drawn_from = f", {silhouette.rows:,} of {rows:,} rows, drawn at random" if silhouette.rows < rows else ""
    return in_house_style(
        (drawn + _group_names(bars) + mean).properties(width=520, height=380),
        title=f"Silhouettes of the groups, {silhouette.mean:.2f} on average",
        subtitle=f"1: well inside its group; below 0: nearer to another. The dashed line is the mean{drawn_from}.",
    )


def profile_figure(groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `profile`: how far each centre lies from the mean, for the columns that differ most."""
    table = DataFrame([group["profile"] for group in groups]).astype("float64").fillna(0.0)
    strongest = table.abs().max().sort_values(ascending=False, kind="stable").index[:MOST_COLUMNS]
    cells = [
        {"column": name, "cluster": number, "deviation": round(float(table.at[number, name]), 3)}
        for name in strongest
        for number in table.index
    ]
    base = alt.Chart(DataFrame(cells)).encode(
        x=alt.X("cluster:O", title="Cluster", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("column:N", title=None, sort=list(strongest)),
    )
    colour = alt.Color(
        "deviation:Q",
        title="Standard deviations",
        scale=alt.Scale(scheme=DIVERGING, domain=[-STRONGEST, STRONGEST], domainMid=0, clamp=True),
    )
    chart = base.mark_rect().encode(
        color=colour, tooltip=["column:N", "cluster:O", alt.Tooltip("deviation:Q", format="+.2f")]
    )
    cut = f" The {MOST_COLUMNS} of {table.shape[1]} columns that differ most." if table.shape[1] > MOST_COLUMNS else ""
    return in_house_style(
        chart.properties(width=alt.Step(44), height=alt.Step(24)),
        title="Where each group lies",
        subtitle=f"Distance of a group's centre from the mean of all rows, in standard deviations.{cut}",
    )


def _bars(silhouette: Silhouette, *, most: int) -> DataFrame:
    """Return the bars from top to bottom: each stands for one row or, of many, for as many neighbours in rank."""
    step = max(1, -(-len(silhouette.values) // most))
    gap = max(1, len(silhouette.values) // 60)
    bars, position = [], 0
    for cluster in np.unique(silhouette.labels):
        values = -np.sort(-silhouette.values[silhouette.labels == cluster])
        for start in range(0, len(values), step):
            chunk = values[start : start + step]
            bars.append(
                {
                    "cluster": str(cluster),
                    "value": round(float(np.mean(chunk)), 4),
                    "top": -position - start,
                    "bottom": -position - start - len(chunk),
                }
            )
        position += len(values) + gap
    return DataFrame(bars)


def _group_names(bars: DataFrame) -> alt.Chart:
    """Return the name of each group, left of its middle."""
    names = bars.groupby("cluster", sort=False).agg(top=("top", "max"), bottom=("bottom", "min"), x=("value", "min"))
    names = names.assign(y=(names["top"] + names["bottom"]) / 2, x=names["x"].clip(upper=0)).reset_index()
    drawn: alt.Chart = (
        alt.Chart(names[["cluster", "x", "y"]])
        .mark_text(align="right", dx=-5, color=INK)
        .encode(x="x:Q", y="y:Q", text="cluster:N")
    )
    return drawn


def _close() -> alt.Scale:
    return alt.Scale(zero=False, nice=False, padding=8)
