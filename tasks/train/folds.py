"""One fold: fit the model and the baseline on its training part, and judge them on its test part."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from sklearn.base import BaseEstimator, clone

from tasks.train.convergence import fit_noting_convergence
from tasks.train.estimators import build_baseline
from tasks.train.features import Features
from tasks.train.metrics import Predictions, score
from tasks.train.parts import Fold, Rows
from tasks.train.target import Target


@dataclass(frozen=True, kw_only=True)
class FittedFold:
    """What one fold has shown."""

    #: The rows of the test part.
    test: Rows
    #: The model, fitted to the training part.
    model: BaseEstimator
    #: What it says about the test part.
    predicted: Predictions
    #: Metrics of the model and of the baseline, by name.
    scores: dict[str, float]
    baseline: dict[str, float]
    #: Whether the model's fit converged.
    converged: bool
    #: Wall time of the model's fit and of its predictions, in seconds.
    fit_seconds: float
    predict_seconds: float


def run_fold(model: BaseEstimator, features: Features, target: Target, *, fold: Fold) -> FittedFold:
    """Fit a copy of the model to the training part, and score it and the baseline on the test part.

    Also serves for a holdout: its training part is then every row that is not held out.
    """
    train, test = fold
    fitted, baseline = clone(model), build_baseline(target.problem)
    started = perf_counter()
    converged = fit_noting_convergence(fitted, features.table.iloc[train], target.values[train])
    fitted_at = perf_counter()
    predicted = predict(fitted, features, target, rows=test)
    predicted_at = perf_counter()
    baseline.fit(features.table.iloc[train], target.values[train])
    truth = target.values[test]
    return FittedFold(
        test=test,
        model=fitted,
        predicted=predicted,
        scores=score(truth, predicted),
        baseline=score(truth, predict(baseline, features, target, rows=test)),
        converged=converged,
        fit_seconds=fitted_at - started,
        predict_seconds=predicted_at - fitted_at,
    )


def predict(model: BaseEstimator, features: Features, target: Target, *, rows: Rows) -> Predictions:
    """Return what a fitted model says about rows; a class that its training part lacked has probability 0."""
    table = features.table.iloc[rows]
    values = model.predict(table)
    if not target.classes:
        return Predictions(values=values, probabilities=None)
    probabilities = np.zeros((len(rows), len(target.classes)))
    probabilities[:, model.classes_] = model.predict_proba(table)
    return Predictions(values=values, probabilities=probabilities)
