"""The plane that shows most of a table: its first two principal components, for the maps of several analyses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from tasks.data.numeric import Matrix


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Where the rows lie on a plane, and what the axes are."""

    #: One row each, two columns.
    points: NDArray[np.float64]
    #: Titles of the axes.
    x: str
    y: str


def plane_of(matrix: Matrix, *, seed: int) -> Plane | None:
    """Return the rows on their first two principal components; None for a table of one column or without spread.

    Source: https://scikit-learn.org/stable/modules/decomposition.html#pca
    """
    if min(matrix.shape) < 2:
        return None
    with np.errstate(all="ignore"):
        model = PCA(n_components=2, random_state=seed)
        points = model.fit_transform(matrix)
    shares = model.explained_variance_ratio_
    if not np.isfinite(shares).all():
        return None
    return Plane(points=points, x=component_title(1, shares[0]), y=component_title(2, shares[1]))


def component_title(number: int, share: float) -> str:
    """Return the title of a component's axis."""
    return f"Component {number} ({share:.0%} of the variance)"
