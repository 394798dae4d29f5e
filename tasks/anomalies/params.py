"""What a client may ask of `anomalies`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tasks import Job, Length, Range, analysis

if TYPE_CHECKING:
    from pandas import DataFrame


@analysis(timeout=1800, deterministic=True)
def anomalies(
    data: DataFrame,
    job: Job,
    *,
    method: Literal["both", "isolation_forest", "local_outlier_factor"] = "both",
    contamination: Annotated[float, Range(0.0001, 0.5)] | None = None,
    top: Annotated[int, Range(1, 1_000)] = 20,
    neighbours: Annotated[int, Range(2, 500)] = 20,
    columns: Annotated[list[str], Length(1, 2_000)] | None = None,
    exclude: Annotated[list[str], Length(0, 2_000)] = [],  # noqa: B006
) -> dict[str, object]:
    """Find the rows that are unlike the others, and tell by which columns.

    Numbers and dates are brought to mean 0 and variance 1, categories one-hot encoded; missing values are replaced by
    the column's median or most frequent value. Identifiers, free text and constant columns are dropped and reported.
    Asked to finish, it leaves out what makes the rows odd.

    Parameters
    ----------
    method
        `isolation_forest`: odd is who few random cuts set apart; `local_outlier_factor`: odd is who has less company
        than its neighbours; `both`: the mean of both ranks.
    contamination
        The share of rows to flag (0.0001 to 0.5); null leaves it to the method: scores from 0.5 for the forest, from
        1.5 for the factor; `both` flags the rows that both call odd.
    top
        How many rows to list, the oddest first, with what makes them odd.
    neighbours
        For the local outlier factor: how many neighbours a row is compared with; fewer than there are rows.
    columns
        The columns to look at; every usable one if left out.
    exclude
        Columns to leave out.

    Returns
    -------
    dict
        `rows`; `columns`: those looked at; `column_kinds`: the same by `numeric`, `datetime`, `boolean`, `categorical`.
        `dropped`: columns left out, each with `column` and `reason`.
        `imputed`: by column, how many missing values were replaced; only columns that had any.
        `method`, `contamination`, `neighbours`: as used.
        `flagged`: how many rows are flagged; `flagged_share`: of all (0 to 1); `cut`: the score from which on a row is;
        null for `both` without a contamination.
        `ranked`: the oddest rows: `row` (from 1, without the header), `score`, `isolation_forest` (0 to 1, ordinary
        rows below 0.5) and `local_outlier_factor` (ordinary rows about 1), null unless used; `flagged`; `reasons`: the
        columns that make it odd, strongest first, at most five: `column`, `value`, `typical` (median or most frequent
        value), `contribution` (share of what the score loses as each column in turn is made typical, 0 to 1), `below`
        (share of rows with a lower value; numbers and dates) or `share` (of rows with this value), `words`.
        `drivers`: columns by their mean contribution to the listed rows that are flagged: `column`, `contribution`.
        `scores`: of each row, in the order of the table, the higher the odder: that of the method, or the mean of both
        ranks (above 0 to 1); null for more than 10,000 rows.
        `scores_file`: null, or for more rows the file `scores.csv`, with `row` (from 1) and all scores.
        `notes`: what else to know, in sentences.
        `partial`: whether it was asked to finish early.

        Figures: `scores` and `map` (the rows on their two principal components).

    Raises
    ------
    AnalysisError
        For unknown or mixed columns, infinite numbers, fewer than 10 rows, no usable column, and a table that encodes
        to more than 100 million cells.

    References
    ----------
    https://scikit-learn.org/stable/modules/outlier_detection.html; Liu, Ting & Zhou (2008), Isolation forest; Breunig
    et al. (2000), LOF: identifying density-based local outliers.
    """
    from tasks.anomalies.analysis import compute
    from tasks.anomalies.detectors import Request

    request = Request(method=method, contamination=contamination, neighbours=neighbours)
    return compute(data, job, request=request, top=top, columns=columns, exclude=exclude)
