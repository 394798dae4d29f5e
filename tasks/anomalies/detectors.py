"""The two methods that score rows: a forest of random cuts, and the density around a row against its neighbours'."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor

from tasks.data.numeric import Matrix
from tasks.job import Job

Scores = NDArray[np.float64]

#: Trees of the forest.
TREES = 200
#: Most rows that neighbours are looked for among; the others are compared with a random sample of so many.
MOST_REFERENCE = 20_000
#: Scores from which on a row is odd, by the methods' authors.
FOREST_CUT, FACTOR_CUT = 0.5, 1.5
#: Factors above come from rows of which more are equal than neighbours are looked at; scikit-learn warns from it on,
#: though not where new rows are scored, as here.
CROWDED = 1e7


@dataclass(frozen=True, kw_only=True)
class Request:
    """How to look for anomalies."""

    method: Literal["both", "isolation_forest", "local_outlier_factor"]
    #: Share of the rows to flag; None leaves it to the method.
    contamination: float | None
    neighbours: int

    @property
    def wants_forest(self) -> bool:
        """Whether the isolation forest is used."""
        return self.method != "local_outlier_factor"

    @property
    def wants_factor(self) -> bool:
        """Whether the local outlier factor is used."""
        return self.method != "isolation_forest"


@dataclass(frozen=True, kw_only=True)
class Factor:
    """The local outlier factor of every row."""

    #: About 1 for ordinary rows, the higher the odder.
    scores: Scores
    #: Positions of the rows that neighbours were looked for among, ascending.
    reference: NDArray[np.int64]
    neighbours: int
    #: Whether so many rows are equal that the factor of some means little.
    crowded: bool


def fit_forest(matrix: Matrix, *, seed: int) -> IsolationForest:
    """Return the fitted forest. Source: https://scikit-learn.org/stable/modules/outlier_detection.html"""
    return IsolationForest(n_estimators=TREES, random_state=seed).fit(matrix)


def forest_scores(forest: IsolationForest, matrix: Matrix) -> Scores:
    """Return the anomaly score of Liu, Ting & Zhou (2008), 0 to 1; ordinary rows have less than 0.5."""
    scores: Scores = -forest.score_samples(matrix)
    return scores


def factor_of(matrix: Matrix, job: Job, *, neighbours: int) -> Factor:
    """Return the factors; each row's own company is never itself. Source: Breunig et al. (2000)."""
    reference = np.arange(len(matrix))
    if len(matrix) > MOST_REFERENCE:
        reference = np.sort(job.rng.choice(len(matrix), size=MOST_REFERENCE, replace=False))
    model = fit_factor(matrix[reference], neighbours=neighbours)
    scores = np.empty(len(matrix))
    scores[reference] = -model.negative_outlier_factor_
    others = np.setdiff1d(np.arange(len(matrix)), reference, assume_unique=True)
    for start in range(0, len(others), MOST_REFERENCE):
        batch = others[start : start + MOST_REFERENCE]
        scores[batch] = -model.score_samples(matrix[batch])
        job.progress(0.3 + 0.2 * (start + len(batch)) / len(others), "local outlier factor")
    return Factor(
        scores=scores,
        reference=reference,
        neighbours=model.n_neighbors_,
        crowded=bool(scores[reference].max() > CROWDED),
    )


def fit_factor(reference: Matrix, *, neighbours: int) -> LocalOutlierFactor:
    """Return a model that scores rows other than its reference."""
    return LocalOutlierFactor(n_neighbors=min(neighbours, len(reference) - 1), novelty=True).fit(reference)
