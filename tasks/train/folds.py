"""Cross-validation as a loop of its own, so that it reports each fold and can stop after any."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline

from tasks.job import Job
from tasks.train.convergence import fit_noting_convergence
from tasks.train.estimators import SCALED, Estimator, build_baseline, build_estimator
from tasks.train.features import Features
from tasks.train.metrics import Predictions, score
from tasks.train.preprocessing import build_preprocessing
from tasks.train.target import Target


@dataclass(frozen=True, kw_only=True)
class Folds:
    """What the folds that were run have shown."""

    #: Metrics of the model and of the baseline, one entry per fold.
    model: list[dict[str, float]] = field(default_factory=list)
    baseline: list[dict[str, float]] = field(default_factory=list)
    #: Whether the model's fit converged, one entry per fold.
    converged: list[bool] = field(default_factory=list)
    #: Counts over the test parts, actual classes by predicted ones; None for regression.
    confusion: NDArray[np.int64] | None = None


def cross_validate(features: Features, target: Target, job: Job, *, estimator: Estimator, folds: int) -> Folds:
    """Fit and score fold after fold; asked to finish, stop after the one at hand.

    Rows are shuffled by the job's seed, and classes are spread evenly over the folds.
    Source: https://scikit-learn.org/stable/modules/cross_validation.html
    """
    size = len(target.classes)
    outcome = Folds(confusion=np.zeros((size, size), dtype=np.int64) if size else None)
    model = make_pipeline(
        build_preprocessing(features, scale=estimator in SCALED),
        build_estimator(estimator, problem=target.problem, seed=job.seed),
    )
    splitter = (StratifiedKFold if size else KFold)(n_splits=folds, shuffle=True, random_state=job.seed)
    for number, split in enumerate(splitter.split(features.table, target.values), start=1):
        _run_fold(outcome, features, target, model=model, split=split)
        job.progress(number / folds, f"fold {number} of {folds}")
        if number < folds and job.should_finish():
            break
    return outcome


def _run_fold(
    outcome: Folds,
    features: Features,
    target: Target,
    *,
    model: BaseEstimator,
    split: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    train, test = split
    truth = target.values[test]
    fitted, baseline = clone(model), build_baseline(target.problem)
    outcome.converged.append(fit_noting_convergence(fitted, features.table.iloc[train], target.values[train]))
    baseline.fit(features.table.iloc[train], target.values[train])
    predicted = _predict(fitted, features, test, is_classification=bool(target.classes))
    outcome.model.append(score(truth, predicted))
    outcome.baseline.append(score(truth, _predict(baseline, features, test, is_classification=bool(target.classes))))
    if outcome.confusion is not None:
        labels = range(len(target.classes))
        np.add(outcome.confusion, confusion_matrix(truth, predicted.values, labels=labels), out=outcome.confusion)


def _predict(
    model: BaseEstimator, features: Features, test: NDArray[np.int64], *, is_classification: bool
) -> Predictions:
    rows = features.table.iloc[test]
    return Predictions(
        values=model.predict(rows), probabilities=model.predict_proba(rows) if is_classification else None
    )
