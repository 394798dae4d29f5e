"""How good predictions are: one number per metric and fold, then their mean, spread and interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from tasks.data.plain import plain_number
from tasks.train.choices import Problem
from tasks.train.intervals import mean_interval

#: The metric that decides whether a model beats the baseline; higher is better for both.
PRIMARY_METRIC: dict[Problem, str] = {"classification": "balanced_accuracy", "regression": "r2"}
#: Least and greatest value that a metric can have; an interval ends there.
BOUNDS: dict[str, tuple[float, float]] = {
    "accuracy": (0, 1),
    "balanced_accuracy": (0, 1),
    "f1_macro": (0, 1),
    "roc_auc": (0, 1),
    "log_loss": (0, inf),
    "r2": (-inf, 1),
    "rmse": (0, inf),
    "mae": (0, inf),
    "median_ae": (0, inf),
}

Values = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a model says about the test part of a fold."""

    #: The class' position, or the number, per row.
    values: Values
    #: Probability per row and class; None for regression.
    probabilities: NDArray[np.float64] | None


def score(truth: Values, predicted: Predictions) -> dict[str, float]:
    """Return the metrics of one fold by name; NaN where a metric is undefined.

    Source: https://scikit-learn.org/stable/modules/model_evaluation.html
    """
    if predicted.probabilities is None:
        return _regression(truth, predicted.values)
    return _classification(truth, predicted.values, predicted.probabilities)


def primary_score(truth: Values, values: Values, *, problem: Problem) -> float:
    """Return the primary metric of predicted values alone, as `score` computes it."""
    if problem == "regression":
        return float(metrics.r2_score(truth, values))
    # The mean recall of the classes that are there is the balanced accuracy, without its warning for others predicted.
    return float(metrics.recall_score(truth, values, labels=np.unique(truth), average="macro"))


def summarise(folds: Sequence[dict[str, float]], *, test_to_train: float) -> dict[str, dict[str, object]]:
    """Return mean, standard deviation (population), interval and the folds' values of each metric; undefined ones None.

    `test_to_train`: rows of a test part per row of its training part. The interval's method is `intervals.METHOD`.
    """
    return {
        name: {
            "mean": plain_number(float(np.mean([fold[name] for fold in folds]))),
            "std": plain_number(float(np.std([fold[name] for fold in folds]))),
            "interval": _interval(name, [fold[name] for fold in folds], test_to_train),
            "folds": [plain_number(fold[name]) for fold in folds],
        }
        for name in folds[0]
    }


def _interval(name: str, values: Sequence[float], test_to_train: float) -> list[float] | None:
    interval = mean_interval(values, test_to_train=test_to_train)
    return None if interval is None else [float(end) for end in np.clip(interval, *BOUNDS[name])]


def _classification(truth: Values, values: Values, probabilities: NDArray[np.float64]) -> dict[str, float]:
    labels = list(range(probabilities.shape[1]))
    scores = probabilities[:, 1] if len(labels) == 2 else probabilities
    has_every_class = len(np.unique(truth)) == len(labels)
    return {
        "accuracy": float(metrics.accuracy_score(truth, values)),
        "balanced_accuracy": primary_score(truth, values, problem="classification"),
        "f1_macro": float(metrics.f1_score(truth, values, labels=labels, average="macro", zero_division=0.0)),
        "roc_auc": float(metrics.roc_auc_score(truth, scores, multi_class="ovr", labels=labels))
        if has_every_class
        else nan,
        "log_loss": float(metrics.log_loss(truth, probabilities, labels=labels)),
    }


def _regression(truth: Values, values: Values) -> dict[str, float]:
    return {
        "r2": primary_score(truth, values, problem="regression"),
        "rmse": float(metrics.root_mean_squared_error(truth, values)),
        "mae": float(metrics.mean_absolute_error(truth, values)),
        "median_ae": float(metrics.median_absolute_error(truth, values)),
    }
