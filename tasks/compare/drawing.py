"""The figure of `compare`: every fold's score of every estimator."""

from collections.abc import Sequence

import altair as alt
import numpy as np
from pandas import DataFrame

from tasks.compare.contestant import Record
from tasks.figures.style import ACCENT, CONTRAST, in_house_style

#: Height of one estimator's row, in pixels.
ROW = 36


def draw_scores(ranked: Sequence[Record], *, metric: str) -> dict[str, object]:
    """Return a dot per fold and a tick at the mean, the best estimator on top.

    The baseline's mean stands in the subtitle: on the axis it would push the estimators together.
    """
    folds = DataFrame(
        [
            {"estimator": each.estimator, "fold": number, "score": value}
            for each in ranked
            for number, value in enumerate(each.values(metric), start=1)
        ]
    )
    means = DataFrame([{"estimator": each.estimator, "score": each.mean(metric)} for each in ranked])
    row = alt.Y("estimator:N", sort=[each.estimator for each in ranked], title=None)
    score = alt.X("score:Q", title=metric, scale=alt.Scale(zero=False, padding=12))
    chart = alt.Chart(folds, height=alt.Step(ROW)).mark_circle(color=ACCENT, size=70, opacity=0.75).encode(
        x=score, y=row, tooltip=["estimator:N", "fold:O", "score:Q"]
    ) + alt.Chart(means).mark_tick(color=CONTRAST, thickness=3, size=24, opacity=1).encode(x=score, y=row)
    baseline = np.mean([fold[metric] for fold in ranked[0].baseline])
    subtitle = f"A dot is one fold, the tick their mean. A model that ignores the columns scores {baseline:.3g}."
    return in_house_style(chart, title="How the estimators score on the same folds", subtitle=subtitle)
