"""The whole model from table to prediction: preprocessing, estimator, and what stands around them."""

from collections.abc import Mapping
from math import ceil

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tasks.errors import AnalysisError
from tasks.train.choices import Calibration, Estimator
from tasks.train.estimators import MOST_SVM_ROWS, NEIGHBORS, SCALED, TARGET_SCALED, build_estimator
from tasks.train.features import Features
from tasks.train.preprocessing import build_preprocessing
from tasks.train.splits import Splits
from tasks.train.target import Target

#: Most parts that a training part is split into to calibrate probabilities.
CALIBRATION_FOLDS = 5


def build_model(
    features: Features,
    target: Target,
    splits: Splits,
    *,
    estimator: Estimator,
    seed: int,
    calibrate: Calibration = "none",
    settings: Mapping[str, object] | None = None,
) -> BaseEstimator:
    """Return the unfitted model; it learns from rows of `features.table` and predicts `target.values`.

    `settings` are parameters of the estimator by scikit-learn's names. For a regression, models of `TARGET_SCALED`
    are fitted to the target at mean 0 and variance 1, and predict in its unit. `calibrate` maps scores to
    probabilities on up to five parts of the training data, stratified and shuffled by the seed; the support vector
    machine, which has no probabilities of its own, is given them by Platt's sigmoid in any case.

    Raises tasks.errors.AnalysisError for an estimator that is not for the problem, for training parts that it can't
    learn from, and for a matrix that got too large.
    Sources: https://scikit-learn.org/stable/modules/calibration.html,
    https://scikit-learn.org/stable/modules/compose.html#transforming-target-in-regression
    """
    fitted = build_estimator(estimator, problem=target.problem, seed=seed).set_params(**(settings or {}))
    pipeline = make_pipeline(build_preprocessing(features, scale=estimator in SCALED), fitted)
    if target.problem == "regression":
        if calibrate != "none":
            raise AnalysisError("`calibrate` is for the probabilities of classes; leave it out of a regression.")
        _refuse_rows(splits, estimator, parts=1)
        if estimator not in TARGET_SCALED:
            return pipeline
        return TransformedTargetRegressor(regressor=pipeline, transformer=StandardScaler())
    if calibrate == "none" and estimator != "svm":
        _refuse_rows(splits, estimator, parts=1)
        return pipeline
    parts = _calibration_folds(target, splits)
    _refuse_rows(splits, estimator, parts=parts)
    return CalibratedClassifierCV(
        pipeline,
        method="sigmoid" if calibrate == "none" else calibrate,
        cv=StratifiedKFold(parts, shuffle=True, random_state=seed),
        # A machine with probabilities is one machine; a calibrated model is the mean of one per part.
        ensemble=calibrate != "none",
    )


def _refuse_rows(splits: Splits, name: Estimator, *, parts: int) -> None:
    """Refuse training parts that an estimator can't learn from; `parts` of each, all but one train it if calibrated."""
    sizes = [len(part) for part in splits.training_parts]
    smallest = min(sizes) if parts == 1 else min(sizes) - ceil(min(sizes) / parts)
    if name == "k_neighbors" and smallest < NEIGHBORS:
        raise AnalysisError(
            f"k_neighbors looks at {NEIGHBORS} rows, and a training part has {smallest}. "
            "Send more rows, or choose another estimator."
        )
    if name == "svm" and max(sizes) > MOST_SVM_ROWS:
        raise AnalysisError(
            f"A support vector machine would take hours for training parts of {max(sizes):,} rows (at most "
            f"{MOST_SVM_ROWS:,}). Choose hist_gradient_boosting, or send fewer rows."
        )


def _calibration_folds(target: Target, splits: Splits) -> int:
    """Return the number of parts such that each has every class that its training part has."""
    smallest = min(int(np.unique(target.values[part], return_counts=True)[1].min()) for part in splits.training_parts)
    if smallest < 2:
        raise AnalysisError(
            "Probabilities are calibrated on parts of the training data, and a training part has a class with a single "
            "row. Send more rows of it, ask for fewer folds, or choose an estimator without calibration."
        )
    return min(CALIBRATION_FOLDS, smallest)
