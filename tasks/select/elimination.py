"""Recursive elimination: drop the column that the model uses least, again and again, and see what is lost by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from tasks.job import Job
from tasks.select.eliminations import Columns, Eliminations
from tasks.select.encoded import Encoded, encode
from tasks.train.convergence import fit_noting_convergence
from tasks.train.features import Features
from tasks.train.metrics import Values, primary_score
from tasks.train.parts import Fold
from tasks.train.splits import Splits
from tasks.train.target import Target

#: Most rounds of an elimination; with more columns, several are dropped at once.
MOST_ROUNDS = 50


@dataclass(frozen=True, kw_only=True)
class Eliminator:
    """What every elimination has in common."""

    features: Features
    target: Target
    #: The unfitted estimator, with coefficients or importances once it is fitted.
    estimator: BaseEstimator
    #: Whether it needs numbers of one scale.
    scale: bool


@dataclass(frozen=True, kw_only=True)
class _Round:
    """One fit on the columns that are left."""

    columns: Columns
    #: Of the test part; None without one.
    score: float | None
    converged: bool


def eliminate(eliminator: Eliminator, splits: Splits, job: Job, *, start: float) -> Eliminations:
    """Eliminate once on all rows, then within each fold's training part, scoring on its test part.

    Asked to finish, it keeps the folds that are done. Progress goes from `start` to 1. Equal to scikit-learn's RFECV
    where every column is a number; what one column of categories or dates is encoded to is dropped together.
    Source: Guyon, Weston, Barnhill & Vapnik (2002);
    https://scikit-learn.org/stable/modules/generated/sklearn.feature_selection.RFECV.html
    """
    outcome = Eliminations(sizes=_sizes(eliminator.features.table.shape[1]))
    parts = [(splits.learned, splits.learned[:0]), *splits.folds]
    for number, fold in enumerate(parts):
        rounds: list[_Round] = []
        for each in _rounds(eliminator, fold, sizes=outcome.sizes):
            rounds.append(each)
            share = (number + len(rounds) / len(outcome.sizes)) / len(parts)
            place = f"fold {number} of {len(parts) - 1}" if number else "all rows"
            scores = None if each.score is None else {"score": each.score}
            job.progress(start + (1 - start) * share, f"{place}, columns left: {len(each.columns)}", scores=scores)
            if share < 1 and job.should_finish():
                break
        if not _keep(outcome, rounds):
            break
    return outcome


def _keep(outcome: Eliminations, rounds: list[_Round]) -> bool:
    """Add a finished elimination to the outcome; return whether it was finished."""
    if len(rounds) < len(outcome.sizes):
        return False
    outcome.converged.extend(each.converged for each in rounds)
    scores = [each.score for each in rounds if each.score is not None]
    if scores:
        outcome.folds.append(scores)
    else:
        outcome.left.extend(each.columns for each in rounds)
    return True


def _rounds(eliminator: Eliminator, fold: Fold, *, sizes: tuple[int, ...]) -> Iterator[_Round]:
    train, test = fold
    target = eliminator.target
    encoded = encode(eliminator.features, fold=fold, scale=eliminator.scale)
    columns = np.arange(sizes[0])
    for size, next_size in zip(sizes, (*sizes[1:], 0), strict=True):
        seen = np.isin(encoded.sources, columns)
        fitted = clone(eliminator.estimator)
        converged = fit_noting_convergence(fitted, encoded.train[:, seen], target.values[train])
        score = None
        if len(test):
            values: Values = fitted.predict(encoded.test[:, seen])
            score = primary_score(target.values[test], values, problem=target.problem)
        yield _Round(columns=columns, score=score, converged=converged)
        least_used = np.argsort(_use(fitted, encoded, seen)[columns], kind="stable")
        columns = np.delete(columns, least_used[: size - next_size])


def _use(fitted: BaseEstimator, encoded: Encoded, seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how much the model uses each column of the table: the sum of squares of its weights, as RFE does."""
    weights = fitted.coef_ if hasattr(fitted, "coef_") else fitted.feature_importances_
    squares = np.atleast_2d(np.asarray(weights, dtype=np.float64) ** 2).sum(axis=0)
    columns = int(encoded.sources.max()) + 1
    # numpy types the sum of weights as a count.
    return np.bincount(encoded.sources[seen], weights=squares, minlength=columns).astype(np.float64)


def _sizes(columns: int) -> tuple[int, ...]:
    """Return how many columns are left in each round: all of them first, 1 last, equal steps between."""
    step = max(1, ceil((columns - 1) / MOST_ROUNDS))
    return (*range(columns, 1, -step), 1)
