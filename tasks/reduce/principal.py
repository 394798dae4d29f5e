"""Principal components: how much each holds, and what it rises and falls with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from tasks.data.numeric import Matrix
from tasks.data.plain import plain_number, shortened
from tasks.errors import AnalysisError

#: Shares of the variance whose components are counted.
SHARES = (0.8, 0.9, 0.95)
#: Most components that are described by their loadings unless more were asked for, and that a result lists at all.
MOST_LOADED, MOST_LISTED = 8, 100
#: Columns that a summary names on each side, and the least correlation worth naming.
NAMED, LEAST_NAMED = 3, 0.3


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The principal components of a matrix, the largest first."""

    #: Share of the variance, 0 to 1, of each.
    shares: NDArray[np.float64]
    #: Unit vectors, one row a component.
    directions: NDArray[np.float64]
    #: Correlation of each column (rows) with the first components (columns).
    loadings: NDArray[np.float64]
    #: Mean of each column.
    means: NDArray[np.float64]

    def coordinates(self, matrix: Matrix, *, components: int) -> NDArray[np.float64]:
        """Return the rows on the first components."""
        projected: NDArray[np.float64] = (matrix - self.means) @ self.directions[:components].T
        return projected

    def needed(self, share: float) -> int:
        """Return how many components hold so much of the variance."""
        return int(np.searchsorted(np.cumsum(self.shares), share - 1e-12)) + 1


def principal_of(matrix: Matrix, *, components: int, seed: int) -> Principal:
    """Return the components, all of them; loadings for those asked for, or as many as hold 80 %, up to eight.

    Raises tasks.errors.AnalysisError for numbers so small or so alike that arithmetic sees no spread.
    Source: https://scikit-learn.org/stable/modules/decomposition.html#pca
    """
    with np.errstate(all="ignore"):
        model = PCA(random_state=seed).fit(matrix)
        spread = matrix.std(axis=0, ddof=1)
    shares = model.explained_variance_ratio_
    if not np.isfinite(shares).all() or not spread.all():
        raise AnalysisError("The numbers lie so near each other that they have no spread; scale them, or change units.")
    first = max(components, min(int(np.searchsorted(np.cumsum(shares), SHARES[0])) + 1, MOST_LOADED))
    loadings = (model.components_[:first] * np.sqrt(model.explained_variance_[:first, None]) / spread).T
    return Principal(shares=shares, directions=model.components_, loadings=loadings, means=model.mean_)


def described(principal: Principal, columns: Sequence[str]) -> dict[str, object]:
    """Return `explained`, `needed` and `loadings` of the result."""
    cumulative = np.cumsum(principal.shares)
    explained: list[dict[str, object]] = [
        {"component": at + 1, "share": float(share), "cumulative": float(cumulative[at])}
        for at, share in enumerate(principal.shares[:MOST_LISTED])
    ]
    for at in range(min(principal.loadings.shape[1], len(explained))):
        explained[at]["summary"] = _summary(at, principal, columns)
    return {
        "explained": explained,
        "needed": [{"share": share, "components": principal.needed(share)} for share in SHARES],
        "loadings": {
            "columns": list(columns),
            "matrix": [[plain_number(value) for value in row] for row in principal.loadings],
        },
    }


def _summary(at: int, principal: Principal, columns: Sequence[str]) -> str:
    loadings = principal.loadings[:, at]
    order = np.argsort(-np.abs(loadings), kind="stable")
    strong = [place for place in order if abs(loadings[place]) >= LEAST_NAMED]
    rises = [_named(columns[place], loadings[place]) for place in strong if loadings[place] > 0][:NAMED]
    falls = [_named(columns[place], loadings[place]) for place in strong if loadings[place] < 0][:NAMED]
    sides = [f"rises with {', '.join(rises)}" if rises else "", f"falls with {', '.join(falls)}" if falls else ""]
    told = "; ".join(filter(None, sides)) or "no column stands out"
    return f"Component {at + 1} ({principal.shares[at]:.0%} of the variance): {told}."


def _named(column: str, loading: float) -> str:
    return f"{shortened(column)} ({loading:+.2f})"
