"""The calibration curve: whether predictions of 80 % come true in 80 of 100 cases."""

import altair as alt
import numpy as np
from pandas import DataFrame
from sklearn.calibration import calibration_curve

from tasks.figures.style import ACCENT, in_house_style
from tasks.train.drawing.diagonal import SHARES, draw_diagonal
from tasks.train.outcome import Outcome

#: Most groups that rows are put into by their probability.
GROUPS = 10


def draw_calibration(outcome: Outcome) -> dict[str, object]:
    """Return the curve: for two classes of the second one's probability, for more of the predicted class'.

    Source: https://scikit-learn.org/stable/modules/calibration.html#calibration-curves
    """
    if len(outcome.target.classes) == 2:
        happened, probability = outcome.truth == 1, outcome.shown[:, 0]
        says = f"class {outcome.target.classes[1]}"
    else:
        happened, probability = outcome.truth == outcome.values, outcome.confidence
        says = "the predicted class"
    # Sums of probabilities end a rounding error beyond 1.
    share, mean = calibration_curve(happened, np.clip(probability, 0, 1), n_bins=GROUPS, strategy="quantile")
    curve = DataFrame({"x": mean.round(5), "y": share.round(5)})
    chart = draw_diagonal() + _curve(curve, says)
    subtitle = f"Rows out of fold in up to {GROUPS} groups by the probability of {says}; on the dashed line it is true."
    return in_house_style(chart, title="Whether the predicted probabilities come true", subtitle=subtitle)


def _curve(curve: DataFrame, says: str) -> alt.Chart:
    line = alt.Chart(curve).mark_line(color=ACCENT, point=alt.OverlayMarkDef(color=ACCENT, size=60))
    encoded: alt.Chart = line.encode(
        x=alt.X("x:Q", title=f"Mean predicted probability of {says}", scale=SHARES),
        y=alt.Y("y:Q", title="Share of rows where it is true", scale=SHARES),
        tooltip=["x:Q", "y:Q"],
    )
    return encoded
