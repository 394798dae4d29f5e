"""How much a column tells about the target by itself, and how much it would seem to tell by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from tasks.job import Job

#: Most rows that are measured on; the time grows with their number, the values hardly change.
MOST_ROWS = 2_000
#: Neighbours that the estimate for numbers rests on, and so the least rows of a class.
NEIGHBORS = 3


@dataclass(frozen=True, kw_only=True)
class Information:
    """Mutual information of each column with the target, in nats."""

    values: NDArray[np.float64]
    #: For each column, the largest value among the shuffled targets; 0 without one.
    noise: NDArray[np.float64]
    #: Rows measured on, and times that the target was shuffled.
    rows: int
    shuffles: int


def measure_information(
    matrix: NDArray[np.float64],
    target: NDArray[np.float64] | NDArray[np.int64],
    job: Job,
    *,
    discrete: NDArray[np.bool_],
    is_classification: bool,
    shuffles: int,
    end: float,
) -> Information:
    """Measure each column, then again with shuffled targets; asked to finish, stop after the shuffle at hand.

    Progress goes from 0 to `end`. Source: Kraskov, Stögbauer & Grassberger (2004), Ross (2014);
    https://scikit-learn.org/stable/modules/feature_selection.html#univariate-feature-selection
    """
    if len(matrix) > MOST_ROWS:
        chosen = np.sort(job.rng.choice(len(matrix), size=MOST_ROWS, replace=False))
        matrix, target = matrix[chosen], target[chosen]
    measure = mutual_info_classif if is_classification else mutual_info_regression
    options = {"discrete_features": discrete, "n_neighbors": NEIGHBORS, "random_state": job.seed}
    values = measure(matrix, target, **options)
    noise, done = np.zeros(len(values)), 0
    while done < shuffles and not job.should_finish():
        noise = np.maximum(noise, measure(matrix, job.rng.permutation(target), **options))
        done += 1
        job.progress(end * done / shuffles, f"shuffle {done} of {shuffles}")
    return Information(values=values, noise=noise, rows=len(matrix), shuffles=done)
