"""The computing behind `cluster`: choose and scale the columns, run k-means, tell how well the groups are apart."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from tasks.cluster.columns import Choice, choose_columns
from tasks.cluster.silhouette import silhouette_of
from tasks.data.plain import plain_number
from tasks.errors import AnalysisError
from tasks.job import Job
from tasks.train.convergence import fit_noting_convergence

#: Starts of k-means, of which the best is kept.
STARTS = 10

Matrix = NDArray[np.float64]


def compute(
    data: DataFrame,
    job: Job,
    *,
    clusters: int,
    scale: bool,
    columns: Sequence[str] | None,
    exclude: Sequence[str],
) -> dict[str, object]:
    """Return the grouping that `tasks.cluster.params.cluster` documents."""
    job.progress(0.0, "prepare")
    choice = choose_columns(data, columns=columns, exclude=exclude)
    _refuse_too_many(clusters, choice.numbers)
    matrix, scaler = _scaled(choice.numbers, scale=scale)
    job.progress(0.1, "k-means")
    model = KMeans(n_clusters=clusters, n_init=STARTS, random_state=job.seed)
    converged = fit_noting_convergence(model, matrix)
    job.progress(0.8, "silhouette")
    partial = job.should_finish()
    silhouette, sampled = (None, 0) if partial else silhouette_of(matrix, model.labels_, seed=job.seed)
    job.progress(1.0, "done")
    return {
        **_described(choice),
        "scaled": scale,
        "clusters": _groups(choice.numbers, model, scaler),
        "inertia": float(model.inertia_),
        "silhouette": silhouette,
        "silhouette_rows": sampled,
        "iterations": int(model.n_iter_),
        "labels": model.labels_.tolist(),
        "notes": _notes(choice, sampled=sampled, converged=converged, partial=partial),
        "partial": partial,
    }


def _refuse_too_many(clusters: int, numbers: DataFrame) -> None:
    rows = len(numbers)
    if clusters >= rows:
        raise AnalysisError(
            f"{clusters} clusters need more than {clusters} rows, the table has {rows}. "
            "Ask for fewer clusters, or send more rows."
        )
    distinct = len(numbers.drop_duplicates())
    if clusters > distinct:
        raise AnalysisError(
            f"{clusters} clusters need as many different rows, the table has {distinct}. Ask for at most {distinct}."
        )


def _scaled(numbers: DataFrame, *, scale: bool) -> tuple[Matrix, StandardScaler]:
    """Return the matrix that k-means sees, and the scaler that leads back to the columns' own units."""
    matrix: Matrix = numbers.to_numpy(dtype=np.float64)
    scaler = StandardScaler(with_mean=scale, with_std=scale).fit(matrix)
    return scaler.transform(matrix), scaler


def _described(choice: Choice) -> dict[str, object]:
    return {
        "rows": len(choice.numbers),
        "columns": [str(name) for name in choice.numbers.columns],
        "dropped": [dropped.as_dict() for dropped in choice.dropped],
        "imputed": choice.imputed,
    }


def _groups(numbers: DataFrame, model: KMeans, scaler: StandardScaler) -> list[dict[str, object]]:
    """Return each cluster's size, its centre in the columns' units, and how far that lies from the overall mean."""
    names = [str(name) for name in numbers.columns]
    centres = scaler.inverse_transform(model.cluster_centers_)
    # The spread of denormal numbers is 0; their deviation is undefined, not infinite.
    with np.errstate(divide="ignore", invalid="ignore"):
        deviations = (centres - numbers.mean().to_numpy()) / numbers.std(ddof=0).to_numpy()
    sizes = np.bincount(model.labels_, minlength=len(centres)).tolist()
    return [
        {
            "cluster": number,
            "size": size,
            "share": size / len(numbers),
            "centre": dict(zip(names, centres[number].tolist(), strict=True)),
            "profile": dict(zip(names, map(plain_number, deviations[number]), strict=True)),
        }
        for number, size in enumerate(sizes)
    ]


def _notes(choice: Choice, *, sampled: int, converged: bool, partial: bool) -> list[str]:
    notes = []
    if choice.imputed:
        notes.append("Missing values were replaced by the column's median.")
    if partial:
        notes.append("The silhouette was left out, because the job was asked to finish.")
    elif sampled < len(choice.numbers):
        notes.append(f"The silhouette rests on a random sample of {sampled:,} rows.")
    if not converged:
        notes.append("k-means did not settle on distinct clusters; ask for fewer.")
    return notes
