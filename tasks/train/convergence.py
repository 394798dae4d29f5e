"""Fitting an iterative model while noting whether it converged, in place of scikit-learn's warning."""

import warnings
from typing import Protocol

from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning


class Fittable(Protocol):
    """What scikit-learn's estimators have in common here."""

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> object: ...  # noqa: N803 - scikit-learn's name


def fit_noting_convergence(model: Fittable, matrix: ArrayLike, target: ArrayLike | None = None) -> bool:
    """Fit the model; return False if it stopped before it converged. Every other warning passes through."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(matrix, target)
    converged = True
    for warning in caught:
        if issubclass(warning.category, ConvergenceWarning):
            converged = False
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return converged
