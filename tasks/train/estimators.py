"""The models that can be fitted, which problem each is for, and the baseline that they must beat."""

from collections.abc import Callable

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR

from tasks.errors import AnalysisError
from tasks.train.choices import Estimator, Problem

#: The models that need numbers of one scale.
SCALED: frozenset[Estimator] = frozenset({"linear", "ridge", "lasso", "logistic", "k_neighbors", "svm", "mlp"})
#: The models whose defaults suit a target of variance 1: for regression they are fitted to a scaled one.
TARGET_SCALED: frozenset[Estimator] = frozenset({"lasso", "svm", "mlp"})
#: Most iterations of the logistic regression; ordinary scaled data needs far fewer.
LOGISTIC_ITERATIONS = 5_000
#: Most passes of the neural network over the training part.
MLP_ITERATIONS = 1_000
#: Strength of the lasso for a target of variance 1; scikit-learn's default of 1 would leave no column.
LASSO_ALPHA = 0.01
#: Trees of a forest.
TREES = 100
#: Rows that the nearest neighbours are counted over.
NEIGHBORS = 5
#: Most training rows of a support vector machine; its time grows with the square of them and faster.
MOST_SVM_ROWS = 20_000

_Build = Callable[[int], BaseEstimator]
# Early stopping of the boosting would hold out rows of its own, and fails where a class has a single member.
_CLASSIFIERS: dict[Estimator, _Build] = {
    "linear": lambda seed: LogisticRegression(max_iter=LOGISTIC_ITERATIONS, random_state=seed),
    "logistic": lambda seed: LogisticRegression(max_iter=LOGISTIC_ITERATIONS, random_state=seed),
    "k_neighbors": lambda _: KNeighborsClassifier(n_neighbors=NEIGHBORS),
    "svm": lambda seed: SVC(random_state=seed),
    "random_forest": lambda seed: RandomForestClassifier(n_estimators=TREES, random_state=seed),
    "extra_trees": lambda seed: ExtraTreesClassifier(n_estimators=TREES, random_state=seed),
    "hist_gradient_boosting": lambda seed: HistGradientBoostingClassifier(early_stopping=False, random_state=seed),
    "mlp": lambda seed: MLPClassifier(max_iter=MLP_ITERATIONS, random_state=seed),
}
_REGRESSORS: dict[Estimator, _Build] = {
    "linear": lambda _: Ridge(),
    "ridge": lambda _: Ridge(),
    "lasso": lambda _: Lasso(alpha=LASSO_ALPHA),
    "k_neighbors": lambda _: KNeighborsRegressor(n_neighbors=NEIGHBORS),
    "svm": lambda _: SVR(),
    "random_forest": lambda seed: RandomForestRegressor(n_estimators=TREES, random_state=seed),
    "extra_trees": lambda seed: ExtraTreesRegressor(n_estimators=TREES, random_state=seed),
    "hist_gradient_boosting": lambda seed: HistGradientBoostingRegressor(early_stopping=False, random_state=seed),
    "mlp": lambda seed: MLPRegressor(max_iter=MLP_ITERATIONS, random_state=seed),
}
_BUILDERS: dict[Problem, dict[Estimator, _Build]] = {"classification": _CLASSIFIERS, "regression": _REGRESSORS}


def build_estimator(name: Estimator, *, problem: Problem, seed: int) -> BaseEstimator:
    """Return the unfitted model with scikit-learn's defaults, every random choice drawn from the seed.

    Other than the defaults are the limits of iterations above, the lasso's alpha, and boosting without early stopping.
    Raises tasks.errors.AnalysisError for a model that is not for the problem.
    """
    builders = _BUILDERS[problem]
    if name not in builders:
        task = "predicts classes" if name in _CLASSIFIERS else "predicts numbers"
        raise AnalysisError(
            f"The estimator {name!r} {task}, and this is a {problem}; choose one of {', '.join(builders)}."
        )
    return builders[name](seed)


def build_baseline(problem: Problem) -> BaseEstimator:
    """Return the model that ignores the features: class frequencies, or the mean."""
    return DummyClassifier(strategy="prior") if problem == "classification" else DummyRegressor(strategy="mean")
