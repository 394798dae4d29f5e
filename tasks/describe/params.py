"""What a client may ask of `describe`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tasks import Job, Length, Range, analysis

if TYPE_CHECKING:
    from pandas import DataFrame


@analysis(timeout=600, deterministic=True)
def describe(
    data: DataFrame,
    job: Job,
    *,
    columns: Annotated[list[str], Length(1, 2_000)] | None = None,
    quantiles: Annotated[list[Annotated[float, Range(0, 1)]], Length(1, 21)] = [0.05, 0.25, 0.5, 0.75, 0.95],  # noqa: B006
    top: Annotated[int, Range(1, 100)] = 10,
    correlation: Literal["pearson", "spearman"] = "pearson",
) -> dict[str, object]:
    """Describe a table: what each column holds, how much is missing, and how numeric columns move together.

    Dates are recognised where texts are written in ISO 8601 (`2026-01-31`), categories where at most 50 different texts
    occur at least twice on average. A column that mixes kinds is described as such, with two cells that show it.
    Asked to finish, it returns the columns described so far, without correlations.

    Parameters
    ----------
    columns
        The columns to describe; all of them if left out.
    quantiles
        Which quantiles of numeric columns to report, from 0 (the least) to 1 (the greatest).
    top
        How many of the most frequent values to list for columns of text, categories or booleans.
    correlation
        `pearson` for linear relations, `spearman` for any monotonic one.

    Returns
    -------
    dict
        `rows`, `columns`: size of what was described.
        `memory_bytes`: size of the table in the worker's memory.
        `duplicate_rows`: rows that repeat an earlier one.
        `missing`, `missing_share`: cells without a value, and their share of all (0 to 1).
        `profiles`: one per column: `column`, `kind` (`numeric`, `boolean`, `datetime`, `categorical`, `text`, `mixed`,
        `empty`), `missing`, `missing_share`, `unique` (different values); numbers: `infinite`, `mean`, `std` (n - 1),
        `min`, `max`, `skew` and `quantiles` (`quantile`, `value`), all in the column's unit and of the finite values;
        for dates `min` and `max` as written; for the others `top` (`value`, `count`, `share` of those present);
        for texts `looks_numeric`; for mixtures `mixture`, two cells in words.
        `correlations`: `method`, `columns` (at most 100), `matrix` (-1 to 1, null where undefined).
        `notes`: what else to know, in sentences.
        `partial`: whether it was asked to finish before the last column.

    Raises
    ------
    AnalysisError
        For unknown columns and an empty table.
    """
    from tasks.describe.analysis import compute

    return compute(data, job, columns=columns, quantiles=quantiles, top=top, correlation=correlation)
