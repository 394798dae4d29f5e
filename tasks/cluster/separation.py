"""How well groups are apart by the spread within and between them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from tasks.cluster.grouping import NOISE, Labels
from tasks.data.numeric import Matrix
from tasks.data.plain import plain_number


@dataclass(frozen=True, kw_only=True)
class Separation:
    """Two indices of the rows that belong to a group; None where undefined."""

    #: Mean likeness of each group with its likest one, from 0, the lower the better.
    davies_bouldin: float | None
    #: Spread between groups over spread within, from 0, the higher the better.
    calinski_harabasz: float | None

    def as_dict(self) -> dict[str, float | None]:
        """Return the two as a result reports them."""
        return {"davies_bouldin": self.davies_bouldin, "calinski_harabasz": self.calinski_harabasz}


def separation_of(matrix: Matrix, labels: Labels) -> Separation:
    """Return both indices.

    Source: https://scikit-learn.org/stable/modules/clustering.html#davies-bouldin-index and #calinski-harabasz-index
    """
    members = labels != NOISE
    inside, chosen = (matrix, labels) if members.all() else (matrix[members], labels[members])
    if not 2 <= len(np.unique(chosen)) < len(chosen):
        return Separation(davies_bouldin=None, calinski_harabasz=None)
    return Separation(
        davies_bouldin=_index(davies_bouldin_score, inside, chosen),
        calinski_harabasz=_index(calinski_harabasz_score, inside, chosen),
    )


def _index(score: Callable[[Matrix, Labels], float], matrix: Matrix, labels: Labels) -> float | None:
    # Centres that arithmetic can't tell apart make it infinite or undefined.
    with np.errstate(all="ignore"):
        return plain_number(score(matrix, labels))
