"""One estimator that takes part in a comparison, and what its folds have shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator

from tasks.errors import AnalysisError
from tasks.train.choices import Estimator, Problem
from tasks.train.folds import FittedFold
from tasks.train.model import build_model
from tasks.train.prepared import Prepared

#: Those that take part if none are named.
DEFAULTS: dict[Problem, tuple[Estimator, ...]] = {
    "classification": ("logistic", "k_neighbors", "random_forest", "extra_trees", "hist_gradient_boosting"),
    "regression": ("ridge", "k_neighbors", "random_forest", "extra_trees", "hist_gradient_boosting"),
}


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """An estimator with its unfitted model."""

    estimator: Estimator
    model: BaseEstimator


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the folds of one estimator have shown, one entry per fold."""

    estimator: Estimator
    scores: list[dict[str, float]]
    baseline: list[dict[str, float]]
    converged: list[bool]
    #: Wall time of fitting and of predicting the test part, in seconds.
    fit_seconds: list[float]
    predict_seconds: list[float]

    def values(self, metric: str) -> list[float]:
        """Return a metric of every fold."""
        return [fold[metric] for fold in self.scores]

    def mean(self, metric: str) -> float:
        """Return the metric's mean over the folds."""
        return float(np.mean(self.values(metric)))


def enter(
    prepared: Prepared, estimators: Sequence[Estimator] | None, *, seed: int
) -> tuple[list[Contestant], list[str]]:
    """Return the contestants, each estimator once, and notes on those of the default set that can't take part.

    Raises tasks.errors.AnalysisError for a named one that can't.
    """
    contestants, notes = [], []
    for name in dict.fromkeys(estimators or DEFAULTS[prepared.target.problem]):
        try:
            model = build_model(prepared.features, prepared.target, prepared.splits, estimator=name, seed=seed)
        except AnalysisError as refusal:
            if estimators is not None or name != "k_neighbors":
                raise
            notes.append(f"Left out: {refusal}")
        else:
            contestants.append(Contestant(estimator=name, model=model))
    return contestants, notes


def record(contestant: Contestant, folds: Sequence[FittedFold]) -> Record:
    """Return what the folds of one estimator have shown, without their models."""
    return Record(
        estimator=contestant.estimator,
        scores=[fold.scores for fold in folds],
        baseline=[fold.baseline for fold in folds],
        converged=[fold.converged for fold in folds],
        fit_seconds=[fold.fit_seconds for fold in folds],
        predict_seconds=[fold.predict_seconds for fold in folds],
    )
