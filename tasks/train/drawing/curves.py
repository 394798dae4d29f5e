"""ROC and precision-recall curves: how well the probabilities tell each class from the rest."""

from collections.abc import Iterator

import altair as alt
import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, concat
from sklearn import metrics

from tasks.figures.style import in_house_style
from tasks.train.drawing.diagonal import SHARES, draw_diagonal
from tasks.train.outcome import Outcome, shown_classes

#: Most points of one curve.
MOST_POINTS = 150


def draw_roc(outcome: Outcome) -> dict[str, object]:
    """Return the ROC curves of the shown classes over all rows out of fold; classes without a row are left out.

    Source: https://scikit-learn.org/stable/modules/model_evaluation.html#roc-metrics
    """
    curves = []
    for name, is_class, probability in _one_against_rest(outcome):
        false_positive, true_positive, _ = metrics.roc_curve(is_class, probability)
        series = f"{name} ({metrics.roc_auc_score(is_class, probability):.3f})"
        curves.append(_thinned(false_positive, true_positive, series))
    chart = draw_diagonal() + _lines(
        curves, x="False positives, share of other rows", y="True positives, share of the class", legend="Class (AUC)"
    )
    subtitle = f"All rows out of fold together; the dashed line is chance.{_which_classes(outcome)}"
    return in_house_style(chart, title="How well each class is told from the rest", subtitle=subtitle)


def draw_precision_recall(outcome: Outcome) -> dict[str, object]:
    """Return the precision-recall curves of the shown classes over all rows out of fold.

    Source: https://scikit-learn.org/stable/modules/model_evaluation.html#precision-recall-f-measure-metrics
    """
    curves = []
    for name, is_class, probability in _one_against_rest(outcome):
        precision, recall, _ = metrics.precision_recall_curve(is_class, probability)
        series = f"{name} ({metrics.average_precision_score(is_class, probability):.3f})"
        curves.append(_thinned(recall[::-1], precision[::-1], series))
    chart = _lines(
        curves, x="Recall, share of the class found", y="Precision, share that is right", legend="Class (AP)"
    )
    subtitle = f"All rows out of fold together; AP is the average precision.{_which_classes(outcome)}"
    return in_house_style(chart, title="How precise the model is the more it finds", subtitle=subtitle)


def _one_against_rest(outcome: Outcome) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.float64]]]:
    truth, shown = outcome.truth, outcome.shown
    for column, position in enumerate(shown_classes(outcome.target)):
        is_class = truth == position
        if is_class.any() and not is_class.all():
            yield outcome.target.classes[position], is_class, shown[:, column]


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64], series: str) -> DataFrame:
    """Return a curve by at most so many of its points, the first and the last among them."""
    kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
    return DataFrame({"x": x[kept].round(5), "y": y[kept].round(5), "step": np.arange(len(kept)), "series": series})


def _lines(curves: list[DataFrame], *, x: str, y: str, legend: str) -> alt.Chart:
    empty = DataFrame({"x": [], "y": [], "step": [], "series": []})
    lines = alt.Chart(concat(curves, ignore_index=True) if curves else empty).mark_line(strokeWidth=2)
    encoded: alt.Chart = lines.encode(
        x=alt.X("x:Q", title=x, scale=SHARES),
        y=alt.Y("y:Q", title=y, scale=SHARES),
        order="step:Q",
        color=alt.Color("series:N", title=legend, sort=[str(curve["series"].iloc[0]) for curve in curves]),
        tooltip=["series:N", "x:Q", "y:Q"],
    )
    return encoded


def _which_classes(outcome: Outcome) -> str:
    shown, known = len(shown_classes(outcome.target)), len(outcome.target.classes)
    return f" The {shown} classes with the most rows, of {known}." if 2 < known != shown else ""
