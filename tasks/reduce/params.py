"""What a client may ask of `reduce`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tasks import Job, Length, Range, analysis

if TYPE_CHECKING:
    from pandas import DataFrame


@analysis(timeout=1800, deterministic=True)
def reduce(
    data: DataFrame,
    job: Job,
    *,
    method: Literal["pca", "t_sne"] = "pca",
    components: Annotated[int, Range(2, 50)] = 2,
    perplexity: Annotated[float, Range(2, 500)] = 30.0,
    scale: bool = True,
    columns: Annotated[list[str], Length(1, 2_000)] | None = None,
    exclude: Annotated[list[str], Length(0, 2_000)] = [],  # noqa: B006
    colour_by: Annotated[str, Length(1, 500)] | None = None,
) -> dict[str, object]:
    """Show a table of many columns in a few: principal components, or a t-SNE map of which rows are neighbours.

    Computes with the numeric columns that vary; missing values are replaced by the column's median. t-SNE maps at most
    5,000 rows, drawn at random with the job's seed; its distances and directions mean nothing, only who is near whom.
    Asked to finish before t-SNE has begun, it returns the principal components instead.

    Parameters
    ----------
    method
        `pca`: the directions in which the rows differ most; `t_sne`: a map that keeps neighbours together.
    components
        How many coordinates to give each row; 2 or 3 for `t_sne`.
    perplexity
        For `t_sne`: how many neighbours each row looks at, about; at most a third of the rows.
    scale
        Whether to bring every column to mean 0 and variance 1 first, so that none counts more for its unit.
    columns
        The columns to reduce, all of them numeric; every numeric column if left out.
    exclude
        Columns to leave out, such as a known class.
    colour_by
        The column that colours the map, of any kind; left out of the computing unless `columns` names it.

    Returns
    -------
    dict
        `rows`; `columns`: those reduced; `method`: as done.
        `dropped`: columns left out, each with `column` and `reason`.
        `imputed`: by column, how many missing values were replaced; only columns that had any.
        `scaled`: whether the columns were scaled.
        `components`: how many coordinates a row has; fewer than asked for if the table has fewer.
        `explained`: one per principal component, at most 100: `component` (from 1), `share` of the variance, and
        `cumulative` (0 to 1); the first ones with `summary`: what they rise and fall with, in words.
        `needed`: how many components hold 80, 90 and 95 % of the variance, each with `share` and `components`.
        `loadings`: `columns`, and `matrix`, a row each: the correlation (-1 to 1) with the first components, as many as
        asked for, or as hold 80 %, up to 8.
        `coordinates`: of each row, in the order of the table; null for more than 50,000 numbers.
        `coordinates_file`: null, or for more the file `coordinates.csv`, with `row` (from 1) and `component_1` ….
        `coordinate_rows`: the rows (from 1) that have coordinates if t-SNE drew some at random; null for all.
        `perplexity`, `divergence` (Kullback-Leibler, nats): of t-SNE; null for `pca`.
        `trustworthiness`: how many of the neighbours on the map are neighbours in the table, 0 to 1; null where
        undefined. `trustworthiness_rows`: rows that it rests on, at most 2,000.
        `notes`: what else to know, in sentences.
        `partial`: whether it was asked to finish early.

        Figures: `map` (from two columns on); of `pca` also `scree` and `loadings`.

    Raises
    ------
    AnalysisError
        For unknown, mixed or, if named, non-numeric columns, infinite numbers, no numeric column that varies; for t-SNE
        with more than 3 components or fewer than 10 rows.

    References
    ----------
    https://scikit-learn.org/stable/modules/decomposition.html#pca and
    https://scikit-learn.org/stable/modules/manifold.html#t-sne
    """
    from tasks.reduce.analysis import Request, compute

    request = Request(method=method, components=components, perplexity=perplexity, scale=scale, colour_by=colour_by)
    return compute(data, job, request=request, columns=columns, exclude=exclude)
