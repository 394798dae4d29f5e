"""How well clusters are apart: the silhouette of rows, on a sample where the table is large."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_samples

from tasks.cluster.grouping import NOISE, Labels
from tasks.data.numeric import Matrix
from tasks.data.plain import plain_number

#: Most rows that are compared with each other; time and memory grow with the square.
LARGEST_SAMPLE = 5_000


@dataclass(frozen=True, kw_only=True)
class Silhouette:
    """The silhouettes of rows, in -1 to 1: 1 well inside its group, 0 between two, below 0 nearer to another."""

    #: How many rows were looked at; those of no group are left out.
    rows: int
    #: The label and the silhouette of each; both empty where it is undefined.
    labels: Labels
    values: NDArray[np.float64]

    @property
    def mean(self) -> float | None:
        """The mean of all rows; None where it is undefined."""
        return float(np.mean(self.values)) if len(self.values) else None

    def mean_of(self, cluster: int) -> float | None:
        """The mean of one group's rows; None where none was looked at."""
        chosen = self.values[self.labels == cluster]
        return plain_number(np.mean(chosen)) if len(chosen) else None


#: What stands in a result where silhouettes were not computed.
NO_SILHOUETTE = Silhouette(rows=0, labels=np.empty(0, dtype=np.int64), values=np.empty(0))


def silhouette_of(matrix: Matrix, labels: Labels, *, seed: int) -> Silhouette:
    """Return the silhouettes of the rows that belong to a group, of a random sample of `LARGEST_SAMPLE` of them.

    Source: Rousseeuw (1987); https://scikit-learn.org/stable/modules/generated/sklearn.metrics.silhouette_score.html
    """
    members = np.flatnonzero(labels != NOISE)
    if len(members) > LARGEST_SAMPLE:
        members = np.random.default_rng(seed).choice(members, size=LARGEST_SAMPLE, replace=False)
    chosen = labels[members]
    if not 2 <= len(np.unique(chosen)) < len(members):
        return Silhouette(rows=len(members), labels=NO_SILHOUETTE.labels, values=NO_SILHOUETTE.values)
    return Silhouette(rows=len(members), labels=chosen, values=silhouette_samples(matrix[members], chosen))
