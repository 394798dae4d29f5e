"""How good predictions are: one number per metric and fold, then their mean and spread."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from tasks.data.plain import plain_number
from tasks.train.target import Problem

#: The metric that decides whether a model beats the baseline; higher is better for both.
PRIMARY_METRIC: dict[Problem, str] = {"classification": "balanced_accuracy", "regression": "r2"}


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a model says about the test part of a fold."""

    #: The class' position, or the number, per row.
    values: NDArray[np.float64] | NDArray[np.int64]
    #: Probability per row and class; None for regression.
    probabilities: NDArray[np.float64] | None


def score(truth: NDArray[np.int64] | NDArray[np.float64], predicted: Predictions) -> dict[str, float]:
    """Return the metrics of one fold by name.

    Source: https://scikit-learn.org/stable/modules/model_evaluation.html
    """
    if predicted.probabilities is None:
        return _regression(truth, predicted.values)
    return _classification(truth, predicted.values, predicted.probabilities)


def summarise(folds: Sequence[dict[str, float]]) -> dict[str, dict[str, object]]:
    """Return mean, standard deviation (population) and the folds' values of every metric; None where undefined."""
    return {
        name: {
            "mean": plain_number(float(np.mean([fold[name] for fold in folds]))),
            "std": plain_number(float(np.std([fold[name] for fold in folds]))),
            "folds": [plain_number(fold[name]) for fold in folds],
        }
        for name in folds[0]
    }


def _classification(
    truth: NDArray[np.int64] | NDArray[np.float64],
    values: NDArray[np.int64] | NDArray[np.float64],
    probabilities: NDArray[np.float64],
) -> dict[str, float]:
    labels = list(range(probabilities.shape[1]))
    scores = probabilities[:, 1] if len(labels) == 2 else probabilities
    return {
        "accuracy": float(metrics.accuracy_score(truth, values)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(truth, values)),
        "f1_macro": float(metrics.f1_score(truth, values, labels=labels, average="macro", zero_division=0.0)),
        "roc_auc": float(metrics.roc_auc_score(truth, scores, multi_class="ovr", labels=labels)),
        "log_loss": float(metrics.log_loss(truth, probabilities, labels=labels)),
    }


def _regression(
    truth: NDArray[np.int64] | NDArray[np.float64], values: NDArray[np.int64] | NDArray[np.float64]
) -> dict[str, float]:
    return {
        "r2": float(metrics.r2_score(truth, values)),
        "rmse": float(metrics.root_mean_squared_error(truth, values)),
        "mae": float(metrics.mean_absolute_error(truth, values)),
        "median_ae": float(metrics.median_absolute_error(truth, values)),
    }
