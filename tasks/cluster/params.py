"""What a client may ask of `cluster`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tasks import Job, Length, Range, analysis

if TYPE_CHECKING:
    from pandas import DataFrame


@analysis(timeout=1800, deterministic=True)
def cluster(
    data: DataFrame,
    job: Job,
    *,
    method: Literal["k_means", "agglomerative", "hdbscan"] = "k_means",
    clusters: Annotated[int, Range(2, 50)] | None = 3,
    fewest: Annotated[int, Range(2, 50)] = 2,
    most: Annotated[int, Range(2, 50)] = 10,
    linkage: Literal["ward", "average", "complete", "single"] = "ward",
    min_cluster_size: Annotated[int, Range(2, 100_000)] = 5,
    scale: bool = True,
    columns: Annotated[list[str], Length(1, 2_000)] | None = None,
    exclude: Annotated[list[str], Length(0, 2_000)] = [],  # noqa: B006
    stability: bool = True,
) -> dict[str, object]:
    """Group rows that are alike, tell how well the groups are apart, and what sets each of them apart.

    Groups by the numeric columns that vary; missing values are replaced by the column's median. Columns of categories
    and booleans don't make the groups, but help to describe them. Of k-means the best of ten starts is kept; every
    random choice is drawn from the job's seed. Asked to finish, it keeps the grouping at hand and leaves out what would
    have judged it.

    Parameters
    ----------
    method
        `k_means`: round groups of like extent, any number of rows; `agglomerative`: merges the nearest groups step by
        step, at most 10,000 rows; `hdbscan`: dense groups of any shape, as many as there are, and rows that belong to
        none, at most 50,000 rows.
    clusters
        How many groups to make; null tries `fewest` to `most` and keeps the number with the highest silhouette. Not for
        `hdbscan`, which finds the number itself.
    fewest, most
        The numbers of groups to try if `clusters` is null.
    linkage
        For `agglomerative`: what makes groups near. `ward` adds the least spread, `average`, `complete` and `single`
        take the mean, the largest and the smallest distance of their rows.
    min_cluster_size
        For `hdbscan`: fewest rows that count as a group.
    scale
        Whether to bring every column to mean 0 and variance 1 first, so that none counts more for its unit.
    columns
        The columns to group by, all of them numeric; every numeric column if left out.
    exclude
        Columns to leave out, such as a known class; they don't describe the groups either.
    stability
        Whether to group ten random parts of the rows again, to tell which groups come back.

    Returns
    -------
    dict
        `rows`; `columns`: those grouped by; `method`.
        `dropped`: columns left out, each with `column` and `reason`.
        `imputed`: by column, how many missing values were replaced; only columns that had any.
        `scaled`: whether the columns were scaled.
        `clusters`: one per group: `cluster` (its label, from 0), `size` in rows, `share` of all rows (0 to 1), `centre`
        by column in the column's unit, `profile` by column: how many standard deviations the centre lies from the mean;
        `silhouette`: the mean of its rows; `stability`: mean Jaccard similarity (0 to 1) with its likest group when
        parts are grouped again; `traits`: what sets it apart, strongest first, at most ten, each with `column`, `kind`
        and `effect`; numbers (`numeric`) with `mean`, `mean_of_others`, effect in standard deviations (Cohen's d);
        categories with `value`, `share`, `share_of_all`, `lift` (their quotient), effect as Cohen's h; `summary`: the
        same in words.
        `noise`: `size` and `share` of the rows that belong to no group, label -1; null unless `hdbscan`.
        `inertia`: sum of squared distances to the nearest centre, in scaled units if scaled; null unless `k_means`.
        `silhouette`: mean silhouette, -1 to 1, the higher the better apart; null where it is undefined.
        `silhouette_rows`: rows that it rests on; a random sample of 5,000 for larger tables.
        `davies_bouldin` (from 0, the lower the better apart) and `calinski_harabasz` (from 0, the higher): of all rows
        that belong to a group; null where undefined.
        `choice`: null, or for each number of groups that was tried: `clusters`, `silhouette`, `davies_bouldin`,
        `calinski_harabasz`, `inertia`, and whether it was `chosen`.
        `stability`: null, or `adjusted_rand`: mean agreement of parts grouped again with the whole (0 by chance, 1 the
        same), `least`: the smallest one, `runs`, `rows` in each part.
        `iterations`: of the best start; null unless `k_means`.
        `labels`: the label of each row, in the order of the table; null for more than 10,000 rows.
        `labels_file`: null, or for more rows the file `labels.csv`, with `row` (from 1) and `cluster`.
        `notes`: what else to know, in sentences.
        `partial`: whether it was asked to finish early.

        Figures: `map` (the rows on their two principal components; from two columns on), `profile`, `silhouette`, and
        `k_choice` if the number was chosen.

    Raises
    ------
    AnalysisError
        For unknown, mixed or, if named, non-numeric columns, infinite numbers, no numeric column that varies, not more
        (different) rows than clusters, `fewest` above `most`, too many rows for the method, and if `hdbscan` finds
        nothing dense.

    References
    ----------
    https://scikit-learn.org/stable/modules/clustering.html; stability by subsets: Hennig (2007), Cluster-wise
    assessment of cluster stability; effects: Cohen (1988), Statistical power analysis.
    """
    from tasks.cluster.analysis import compute
    from tasks.cluster.grouping import Recipe

    recipe = Recipe(method=method, clusters=clusters, linkage=linkage, min_cluster_size=min_cluster_size)
    return compute(
        data,
        job,
        recipe=recipe,
        span=(fewest, most),
        scale=scale,
        columns=columns,
        exclude=exclude,
        stability=stability,
    )
