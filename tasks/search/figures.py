"""The figures of `search`: the score candidate after candidate, and against each parameter."""

from typing import Any

import altair as alt
from pandas import DataFrame

from tasks.figures.style import ACCENT, CONTRAST, INK, SEQUENTIAL, AnyChart, in_house_style
from tasks.job import Job
from tasks.search.found import Found
from tasks.search.trial import Trial

#: Most parameters that are drawn, in the order of the space.
MOST_PARAMETERS = 9
#: Size of the view of one parameter, in pixels.
WIDTH, HEIGHT = 190, 150


def draw_figures(found: Found, job: Job) -> None:
    """Attach `score_curve` and `params`, of the candidates that have a score."""
    scored = [trial for trial in found.trials if trial.score == trial.score]
    metric = found.plan.metric.replace("_", " ")
    title = f"Best {metric}: {found.best.score:.3g}, defaults: {found.defaults.score:.3g}"
    job.figure(
        "score_curve", in_house_style(_curve(found, scored), title=title, subtitle=_subtitle(found)), title=title
    )
    views = [_parameter(found, scored, name) for name in list(found.plan.space)[:MOST_PARAMETERS]]
    title = "The score by each parameter"
    chart = alt.concat(*views, columns=min(3, len(views))).resolve_scale(color="shared")
    job.figure(
        "params", in_house_style(chart, title=title, subtitle="A dot per candidate; the others vary too."), title=title
    )


def _subtitle(found: Found) -> str:
    folds = len(found.prepared.splits.folds)
    tried = f"{len(found.trials)} candidates for {found.estimator}, each the mean of {folds} folds"
    return f"{tried}; the line is the best so far, the dashes are the defaults."


def _score_axis(found: Found) -> str:
    return f"{found.plan.metric.replace('_', ' ')} ({'higher' if found.higher_is_better else 'lower'} is better)"


def _curve(found: Found, scored: list[Trial]) -> AnyChart:
    rows, best = [], None
    for trial in scored:
        # A candidate that got less of the resource is no match for one that got more.
        if (trial.resource or 0) == (found.best.resource or 0) and (best is None or trial.goodness > best.goodness):
            best = trial
        rows.append(
            {"number": trial.number, "score": trial.score, "best": best and best.score, "resource": trial.resource}
        )
    table = DataFrame(rows)
    axis = alt.Axis(tickMinStep=1, format="d")
    x = alt.X("number:Q", title="candidate", scale=alt.Scale(nice=False, zero=False, padding=10), axis=axis)
    y = alt.Y("score:Q", title=_score_axis(found), scale=alt.Scale(zero=False))
    dots = alt.Chart(table).mark_circle(size=45, opacity=0.8).encode(x=x, y=y, color=_colour(found))
    line = alt.Chart(table).mark_line(color=ACCENT, interpolate="step-after").encode(x=x, y="best:Q")
    defaults = alt.Chart(DataFrame({"score": [found.defaults.score]})).mark_rule(
        color=CONTRAST, strokeDash=[6, 4], strokeWidth=2
    )
    return alt.layer(line, dots, defaults.encode(y=y))


def _parameter(found: Found, scored: list[Trial], name: str) -> AnyChart:
    given: Any = found.plan.space[name]
    is_range = not isinstance(given, list)
    rows = [
        {
            "value": trial.settings[name] if is_range else _spoken(trial.settings[name]),
            "score": trial.score,
            "resource": trial.resource,
        }
        for trial in scored
    ]
    scale = alt.Scale(type="log" if is_range and given.get("log") else "linear", zero=False, nice=False, padding=8)
    x: alt.X = (
        alt.X("value:Q", title=name, scale=scale, axis=alt.Axis(tickCount=4, labelOverlap=True))
        if is_range
        else alt.X("value:N", title=name, sort=[_spoken(value) for value in given])
    )
    y = alt.Y("score:Q", title=found.plan.metric.replace("_", " "), scale=alt.Scale(zero=False))
    dots = alt.Chart(DataFrame(rows)).mark_circle(size=45, opacity=0.8).encode(x=x, y=y, color=_colour(found))
    view: AnyChart = dots.properties(width=WIDTH, height=HEIGHT)
    return view


def _colour(found: Found) -> Any:
    if not found.plan.rungs:
        return alt.value(INK)
    title = "rows" if found.plan.rungs[0].parameter is None else "trees"
    return alt.Color("resource:O", title=title, scale=alt.Scale(scheme=SEQUENTIAL))


def _spoken(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
