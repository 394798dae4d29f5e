"""How well clusters are apart: the mean silhouette, on a sample where the table is large."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score

#: Most rows that are compared with each other; time and memory grow with the square.
LARGEST_SAMPLE = 5_000


def silhouette_of(matrix: NDArray[np.float64], labels: NDArray[np.int32], *, seed: int) -> tuple[float | None, int]:
    """Return the mean silhouette (-1 to 1, None if undefined) and the number of rows that it rests on.

    Source: Rousseeuw (1987); https://scikit-learn.org/stable/modules/generated/sklearn.metrics.silhouette_score.html
    """
    if len(matrix) > LARGEST_SAMPLE:
        chosen = np.random.default_rng(seed).choice(len(matrix), size=LARGEST_SAMPLE, replace=False)
        matrix, labels = matrix[chosen], labels[chosen]
    found = len(np.unique(labels))
    if not 2 <= found < len(matrix):
        return None, len(matrix)
    return float(silhouette_score(matrix, labels)), len(matrix)
