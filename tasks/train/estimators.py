"""The models that `train` fits, and the baseline that they must beat."""

from typing import Literal

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge

from tasks.train.target import Problem

Estimator = Literal["linear", "random_forest", "hist_gradient_boosting"]

#: The models that need numbers of one scale.
SCALED: frozenset[Estimator] = frozenset({"linear"})
#: Most iterations of the logistic regression; ordinary scaled data needs far fewer.
LOGISTIC_ITERATIONS = 5_000
#: Trees of a forest.
TREES = 100


def build_estimator(name: Estimator, *, problem: Problem, seed: int) -> BaseEstimator:
    """Return the unfitted model with scikit-learn's defaults, every random choice drawn from the seed."""
    is_classification = problem == "classification"
    if name == "linear":
        return LogisticRegression(max_iter=LOGISTIC_ITERATIONS, random_state=seed) if is_classification else Ridge()
    if name == "random_forest":
        forest = RandomForestClassifier if is_classification else RandomForestRegressor
        return forest(n_estimators=TREES, random_state=seed)
    boosting = HistGradientBoostingClassifier if is_classification else HistGradientBoostingRegressor
    # Early stopping would hold out rows of its own, and fails where a class has a single member in the training part.
    return boosting(early_stopping=False, random_state=seed)


def build_baseline(problem: Problem) -> BaseEstimator:
    """Return the model that ignores the features: class frequencies, or the mean."""
    return DummyClassifier(strategy="prior") if problem == "classification" else DummyRegressor(strategy="mean")
