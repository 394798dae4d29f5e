"""What a client may ask of `cluster`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tasks import Job, Length, Range, analysis

if TYPE_CHECKING:
    from pandas import DataFrame


@analysis(timeout=600, deterministic=True)
def cluster(
    data: DataFrame,
    job: Job,
    *,
    clusters: Annotated[int, Range(2, 50)] = 3,
    scale: bool = True,
    columns: Annotated[list[str], Length(1, 2_000)] | None = None,
    exclude: Annotated[list[str], Length(0, 2_000)] = [],  # noqa: B006
) -> dict[str, object]:
    """Group rows by k-means, and tell how well the groups are apart.

    Groups by the numeric columns that vary; missing values are replaced by the column's median. The best of ten starts
    is kept, every random choice is drawn from the job's seed. Asked to finish, it leaves the silhouette out.

    Parameters
    ----------
    clusters
        How many groups to make.
    scale
        Whether to bring every column to mean 0 and variance 1 first, so that none counts more for its unit.
    columns
        The columns to group by, all of them numeric; every numeric column if left out.
    exclude
        Columns to leave out, such as a known class.

    Returns
    -------
    dict
        `rows`; `columns`: those grouped by.
        `dropped`: columns left out, each with `column` and `reason`.
        `imputed`: by column, how many missing values were replaced; only columns that had any.
        `scaled`: whether the columns were scaled.
        `clusters`: one per group: `cluster` (its label), `size` in rows, `share` of all rows (0 to 1), `centre` by
        column in the column's unit, `profile` by column: how many standard deviations the centre lies from the mean.
        `inertia`: sum of squared distances to the nearest centre, in scaled units if scaled.
        `silhouette`: mean silhouette, -1 to 1, the higher the better apart; null where it is undefined.
        `silhouette_rows`: rows that it rests on; a random sample of 5,000 for larger tables.
        `iterations`: of the best start.
        `labels`: the label of each row, in the order of the table.
        `notes`: what else to know, in sentences.
        `partial`: whether it was asked to finish early.

    Raises
    ------
    AnalysisError
        For unknown, mixed or, if named, non-numeric columns, infinite numbers, no numeric column that varies, and not
        more (different) rows than clusters.

    References
    ----------
    https://scikit-learn.org/stable/modules/clustering.html#k-means
    """
    from tasks.cluster.analysis import compute

    return compute(data, job, clusters=clusters, scale=scale, columns=columns, exclude=exclude)
