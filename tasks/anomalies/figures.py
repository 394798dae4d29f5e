"""The figures of `anomalies`: the scores with the cut, and where the flagged rows lie."""

from typing import Any, Literal

import altair as alt
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pandas import DataFrame, Series

from tasks.anomalies.detectors import FACTOR_CUT, FOREST_CUT, Scores
from tasks.anomalies.ranking import Ranking
from tasks.figures.style import ACCENT, CONTRAST, INK, in_house_style
from tasks.reduce.colours import Colours
from tasks.reduce.plane import Plane
from tasks.reduce.scatter import MOST_POINTS, map_figure

#: Bars of a histogram.
BINS = 40
#: Most flagged rows on the map; the other points are ordinary rows.
MOST_FLAGGED = 1_000
#: What rows are called, and their colours.
NAMES, PALETTE = ("ordinary", "flagged"), (ACCENT, CONTRAST)


def scores_figure(ranking: Ranking) -> dict[str, Any]:
    """Return `scores`: how many rows have which score by each method, and which of them are flagged."""
    panels = []
    if ranking.forest is not None:
        cut = ranking.cut if ranking.factor is None else _own_cut(ranking, FOREST_CUT)
        panels.append(_histogram(ranking.forest, ranking.flagged, cut, title="Isolation forest's score"))
    if ranking.factor is not None:
        cut = ranking.cut if ranking.forest is None else _own_cut(ranking, FACTOR_CUT)
        panels.append(_histogram(ranking.factor, ranking.flagged, cut, title="Local outlier factor", scale="log"))
    flagged = int(np.count_nonzero(ranking.flagged))
    marked = "The dashed line is the cut." if len(panels) == 1 else _how_both(ranking)
    return in_house_style(
        alt.hconcat(*panels), title=f"{flagged:,} of {len(ranking.scores):,} rows stand out", subtitle=marked
    )


def anomaly_map(plane: Plane, ranking: Ranking, *, rng: Generator) -> dict[str, Any]:
    """Return `map`: the rows on a plane, the flagged ones marked and on top; drawn at random where there are many."""
    rows, subtitle = _shown(ranking, rng=rng)
    flagged = ranking.flagged[rows]
    marks = Colours(
        kind="groups",
        title="row",
        values=Series(np.where(flagged, NAMES[1], NAMES[0])),
        groups=NAMES,
        palette=(INK, CONTRAST),
        shapes=("circle", "triangle"),
    )
    return map_figure(
        Plane(points=plane.points[rows], x=plane.x, y=plane.y),
        title="Where the flagged rows lie",
        colours=marks,
        rows=rows,
        rng=rng,
        subtitle=subtitle,
    )


def _shown(ranking: Ranking, *, rng: Generator) -> tuple[NDArray[np.int64], str]:
    """Return positions of rows, flagged ones last, and a sentence on what is left out."""
    flagged = ranking.order[ranking.flagged[ranking.order]][:MOST_FLAGGED]
    ordinary = np.flatnonzero(~ranking.flagged)
    drawn = ordinary
    if len(flagged) + len(ordinary) > MOST_POINTS:
        drawn = np.sort(rng.choice(ordinary, size=min(MOST_POINTS - len(flagged), len(ordinary)), replace=False))
    told = ""
    if len(drawn) + len(flagged) < len(ranking.scores):
        told = f"The {len(flagged):,} oddest rows, and {len(drawn):,} of {len(ordinary):,} others, drawn at random."
    return np.concatenate([drawn, flagged[::-1]]), told


def _histogram(
    scores: Scores,
    flagged: NDArray[np.bool_],
    cut: float | None,
    *,
    title: str,
    scale: Literal["linear", "log"] = "linear",
) -> alt.LayerChart:
    edges = _edges(scores, scale)
    bars = (
        alt.Chart(_bars(scores, flagged, edges))
        .mark_rect()
        .encode(
            x=alt.X("low:Q", title=title, scale=alt.Scale(type=scale, zero=False, nice=False)),
            x2="high:Q",
            y=alt.Y("top:Q", title="Rows (square-root scale)", scale=alt.Scale(type="sqrt")),
            y2="bottom:Q",
            color=alt.Color("row:N", title="row", scale=alt.Scale(domain=list(NAMES), range=list(PALETTE))),
            tooltip=["low:Q", "high:Q", "rows:Q", "row:N"],
        )
    )
    cuts = alt.Chart(DataFrame({"cut": [cut] if cut is not None else []}, dtype="float64"))
    panel: alt.LayerChart = (bars + cuts.mark_rule(color=INK, strokeDash=[4, 3]).encode(x="cut:Q")).properties(
        width=330, height=250
    )
    return panel


def _edges(scores: Scores, scale: Literal["linear", "log"]) -> NDArray[np.float64]:
    spaced = np.geomspace if scale == "log" else np.linspace
    # Fewer than asked for where the scores lie closer than that many steps of their arithmetic.
    edges: NDArray[np.float64] = np.unique(spaced(scores.min(), scores.max(), BINS + 1))
    if len(edges) == 1:
        return np.array([edges[0] * 0.99, edges[0] * 1.01])
    edges[0], edges[-1] = scores.min(), scores.max()
    return edges


def _bars(scores: Scores, flagged: NDArray[np.bool_], edges: NDArray[np.float64]) -> DataFrame:
    """Return the bars, the ordinary rows on top of the flagged ones, so that a few of these are seen."""
    below = np.histogram(scores[flagged], bins=edges)[0]
    above = np.histogram(scores[~flagged], bins=edges)[0]
    stacked = ((NAMES[1], np.zeros_like(below), below), (NAMES[0], below, below + above))
    return DataFrame(
        {
            "low": float(f"{edges[at]:.5g}"),
            "high": float(f"{edges[at + 1]:.5g}"),
            "bottom": int(bottoms[at]),
            "top": int(tops[at]),
            "rows": int(tops[at] - bottoms[at]),
            "row": name,
        }
        for name, bottoms, tops in stacked
        for at in np.flatnonzero(tops > bottoms)
    )


def _own_cut(ranking: Ranking, cut: float) -> float | None:
    return cut if ranking.cut is None else None


def _how_both(ranking: Ranking) -> str:
    if ranking.cut is None:
        return "Flagged are the rows that both methods call odd; the dashed lines are their cuts."
    return "Flagged are the rows with the highest mean of both ranks."
