"""The figures of `select`: the scores of the elimination, and what each column tells by itself beside chance."""

import altair as alt
import numpy as np
from pandas import DataFrame

from tasks.data.plain import shortened
from tasks.figures.style import ACCENT, CONTRAST, INK, in_house_style
from tasks.job import Job
from tasks.select.eliminations import Eliminations
from tasks.select.looks import Looks
from tasks.train.metrics import PRIMARY_METRIC

#: Most columns that a figure shows, the ones that matter most.
MOST_SHOWN = 30


def draw_columns(looks: Looks, job: Job) -> None:
    """Attach `mutual_information`: a bar per column, and a tick where chance ends."""
    order = looks.order()[:MOST_SHOWN]
    rows = [
        {
            "column": shortened(looks.names[position]),
            "value": float(looks.information.values[position]),
            "noise": float(looks.information.noise[position]),
            "verdict": "more than chance"
            if looks.information.values[position] > looks.information.noise[position]
            else "no more than chance",
        }
        for position in order
    ]
    base = alt.Chart(DataFrame(rows)).encode(y=alt.Y("column:N", sort=None, title=None))
    colours = alt.Scale(domain=["more than chance", "no more than chance"], range=[ACCENT, INK])
    bars = base.mark_bar().encode(
        x=alt.X("value:Q", title="mutual information (nats)"),
        color=alt.Color("verdict:N", scale=colours, title=None),
    )
    ticks = base.mark_tick(color=CONTRAST, thickness=3, size=14).encode(x="noise:Q")
    shown = (
        f"The {MOST_SHOWN} of {len(looks.names)} columns that matter most. " if len(looks.names) > MOST_SHOWN else ""
    )
    title = f"What each column tells about {shortened(looks.target.name)} by itself"
    subtitle = (
        f"{shown}Columns that matter most first; the tick marks the largest of {looks.information.shuffles} values "
        "with a shuffled target."
    )
    job.figure(
        "mutual_information", in_house_style(alt.layer(bars, ticks), title=title, subtitle=subtitle), title=title
    )


def draw_elimination(looks: Looks, job: Job) -> None:
    """Attach `elimination`: the mean score by number of columns; nothing if no fold was done."""
    if not looks.eliminations.folds:
        return
    rows = _scores(looks.eliminations)
    metric = PRIMARY_METRIC[looks.target.problem].replace("_", " ")
    x = alt.X("columns:Q", title="columns", scale=alt.Scale(zero=False), axis=alt.Axis(tickMinStep=1, format="d"))
    y = alt.Y("mean:Q", title=f"{metric} on rows not learned from", scale=alt.Scale(zero=False))
    base = alt.Chart(DataFrame(rows)).encode(x=x)
    band = base.mark_area(opacity=0.25, color=ACCENT).encode(y=alt.Y("low:Q"), y2="high:Q")
    line = base.mark_line(color=ACCENT, point=alt.OverlayMarkDef(color=ACCENT)).encode(y=y)
    chart = alt.layer(band, line, _marks(looks.eliminations, rows).encode(x=x, y=y))
    size = looks.eliminations.sizes[looks.eliminations.smallest_within_error()]
    title = f"{size} of {len(looks.names)} columns {'is' if size == 1 else 'are'} enough"
    subtitle = (
        f"Mean of {len(looks.eliminations.folds)} folds and its standard error; suggested are the fewest columns "
        "within one standard error of the best."
    )
    job.figure("elimination", in_house_style(chart, title=title, subtitle=subtitle), title=title)


def _scores(eliminations: Eliminations) -> list[dict[str, float]]:
    scores = np.array(eliminations.folds)
    errors = scores.std(axis=0, ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else np.zeros(scores.shape[1])
    return [
        {"columns": size, "mean": float(mean), "low": float(mean - error), "high": float(mean + error)}
        for size, mean, error in zip(eliminations.sizes, scores.mean(axis=0), errors, strict=True)
    ]


def _marks(eliminations: Eliminations, rows: list[dict[str, float]]) -> alt.Chart:
    """Return circles around the suggestion and the best score, which may be one."""
    best, enough = eliminations.best(), eliminations.smallest_within_error()
    meanings = [(enough, "suggested"), (best, "best")] if best != enough else [(best, "suggested, and the best")]
    marked = DataFrame([{**rows[at], "mark": meaning} for at, meaning in meanings])
    colours = alt.Scale(domain=[meaning for _, meaning in meanings], range=[CONTRAST, INK][: len(meanings)])
    circles: alt.Chart = (
        alt.Chart(marked)
        .mark_point(size=160, strokeWidth=3)
        .encode(color=alt.Color("mark:N", scale=colours, title=None))
    )
    return circles
