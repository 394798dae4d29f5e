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
    """Describe a table: what each column holds, how much is missing, what looks odd, and how columns go together.

    Dates are recognised where texts are written in ISO 8601 (`2026-01-31`), categories where at most 50 different texts
    occur at least twice on average. A column that mixes kinds is described as such, with two cells that show it.
    Asked to finish, it returns the columns described so far, without what takes all of them.

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
        `summary`: the most important of it in sentences.
        `rows`, `columns`: size of what was described; `kinds`: number of columns by kind.
        `memory_bytes`: size of the table in the worker's memory.
        `duplicate_rows`: rows that repeat an earlier one. `duplicates`: the largest sets of equal rows, at most ten,
        with `count` and the first five `rows` (from 1).
        `missing`, `missing_share`: cells without a value, and their share of all (0 to 1).
        `profiles`: one per column: `column`, `kind` (`numeric`, `boolean`, `datetime`, `categorical`, `text`, `mixed`,
        `empty`), `missing`, `missing_share`, `unique` (different values), `unique_share` (of those present),
        `singletons` (values that occur once); numbers: `infinite`, and of the finite values, in the column's unit:
        `zeros`, `negative`, `mean`, `std` (n - 1), `min`, `max`, `skew`, `kurtosis` (0 for a normal distribution),
        `quantiles` (`quantile`, `value`), `outliers`: how many lie `below` and `above` Tukey's fences (1.5 times the
        quartiles' distance away; `lower_fence`, `upper_fence`), how many `far` (3 times); for dates `min` and `max` as
        written, `span_days`, `days` (different ones), `longest_gap_days`, `weekdays` (rows, from Monday), `has_times`;
        for the others `top` (`value`, `count`, `share` of those present); for texts `looks_numeric`, `shortest`,
        `longest`, `mean_length` (characters), `blank`, `padded` (with spaces around); for mixtures `mixture`, two cells
        in words.
        `suspicious`: columns that need a look: `column`, `reason` (`no_values`, `mixed`, `constant`, `nearly_constant`,
        `mostly_missing`, `numbers_as_text`, `infinite`, `identifier`, `same_as`, `renames`, `moves_with`), `other` (a
        column or null), `words`.
        `correlations`: `method`, `columns` (at most 100), `matrix` (-1 to 1, null where undefined).
        `associations`: `rows` they rest on (at most 100,000, drawn at random); `categorical`: `method`, `columns` (of
        categories and booleans, at most 40), `matrix` of Cramér's V, corrected for bias; `mixed`: `method`,
        `categories`, `numbers` (at most 60), `matrix` of correlation ratios; all 0 to 1, null where undefined.
        `relations`: the strongest of all these, at most ten, from 0.3 on: `columns`, `measure`, `value`.
        `notes`: what else to know, in sentences.
        `partial`: whether it was asked to finish before the last column.

        Figures: `missing`, `distributions`, `correlations`, `associations`, each if there is something to show.

    Raises
    ------
    AnalysisError
        For unknown columns and an empty table.

    References
    ----------
    Tukey (1977), Exploratory data analysis; Bergsma (2013), A bias-correction for Cramér's V and Tschuprow's T.
    """
    from tasks.describe.analysis import compute

    return compute(data, job, columns=columns, quantiles=quantiles, top=top, correlation=correlation)
