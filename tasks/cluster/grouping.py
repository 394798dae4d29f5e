"""One grouping of a matrix's rows by one of three methods, and the tables that can't be grouped so."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans
from threadpoolctl import threadpool_limits

from tasks.data.numeric import Matrix
from tasks.errors import AnalysisError
from tasks.train.convergence import fit_noting_convergence

Labels = NDArray[np.int64]

#: Starts of k-means, of which the best is kept.
STARTS = 10
#: Most rows by method: memory grows with the square for `agglomerative`, time for `hdbscan`.
MOST_ROWS = {"agglomerative": 10_000, "hdbscan": 50_000}
#: The label of rows that belong to no group.
NOISE = -1


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to group."""

    method: Literal["k_means", "agglomerative", "hdbscan"]
    #: How many groups; None leaves it to be chosen. `hdbscan` finds the number itself.
    clusters: int | None
    #: For `agglomerative`.
    linkage: Literal["ward", "average", "complete", "single"] = "ward"
    #: For `hdbscan`, in rows.
    min_cluster_size: int = 5


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """The groups that one fit has made."""

    #: One label a row, groups counted from 0, `NOISE` for none.
    labels: Labels
    #: How many groups there are, empty ones included.
    count: int
    #: Sum of squared distances to the nearest centre; None unless `k_means`.
    inertia: float | None = None
    #: Of the best start; None unless `k_means`.
    iterations: int | None = None
    converged: bool = True


def refuse_too_large(recipe: Recipe, *, rows: int) -> None:
    """Raise tasks.errors.AnalysisError for more rows than the method can do."""
    most = MOST_ROWS.get(recipe.method)
    if most is not None and rows > most:
        raise AnalysisError(
            f"{recipe.method} compares rows with each other and takes at most {most:,} of them, the table has "
            f"{rows:,}. Use k_means, or send a sample of the rows."
        )


def refuse_too_many(clusters: int, matrix: Matrix) -> None:
    """Raise tasks.errors.AnalysisError unless there are more rows than clusters, and as many different ones."""
    rows = len(matrix)
    if clusters >= rows:
        raise AnalysisError(
            f"{clusters} clusters need more than {clusters} rows, the table has {rows}. "
            "Ask for fewer clusters, or send more rows."
        )
    distinct = distinct_rows(matrix, enough=clusters)
    if clusters > distinct:
        raise AnalysisError(
            f"{clusters} clusters need as many different rows, the table has {distinct}. Ask for at most {distinct}."
        )


def distinct_rows(matrix: Matrix, *, enough: int) -> int:
    """Return how many rows are different; some number of at least `enough` once so many were found."""
    head = len(np.unique(matrix[: 10 * enough], axis=0))
    return head if head >= enough else len(np.unique(matrix, axis=0))


def group(matrix: Matrix, recipe: Recipe, *, seed: int) -> Grouping:
    """Return the groups; `recipe.clusters` is set unless the method finds the number.

    Source: https://scikit-learn.org/stable/modules/clustering.html
    """
    if recipe.method == "hdbscan":
        return _by_density(matrix, min_cluster_size=recipe.min_cluster_size)
    if recipe.clusters is None:
        raise ValueError("the number of clusters is not chosen yet")
    if recipe.method == "agglomerative":
        merged = AgglomerativeClustering(n_clusters=recipe.clusters, linkage=recipe.linkage).fit(matrix)
        return Grouping(labels=merged.labels_.astype(np.int64), count=recipe.clusters)
    model = KMeans(n_clusters=recipe.clusters, n_init=STARTS, random_state=seed)
    # Threads add up the centres in the order they are done, and the last digits with it.
    with threadpool_limits(limits=1, user_api="openmp"):
        converged = fit_noting_convergence(model, matrix)
    return Grouping(
        labels=model.labels_.astype(np.int64),
        count=recipe.clusters,
        inertia=float(model.inertia_),
        iterations=int(model.n_iter_),
        converged=converged,
    )


def _by_density(matrix: Matrix, *, min_cluster_size: int) -> Grouping:
    if min_cluster_size > len(matrix):
        raise AnalysisError(
            f"A group of at least {min_cluster_size} rows can't be found among {len(matrix)}. "
            "Ask for a smaller min_cluster_size."
        )
    labels = HDBSCAN(min_cluster_size=min_cluster_size, copy=True).fit(matrix).labels_.astype(np.int64)
    return Grouping(labels=labels, count=int(labels.max()) + 1)
