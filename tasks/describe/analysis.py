"""The computing behind `describe`: the whole table, then each column, then the correlations."""

from collections.abc import Sequence
from typing import Literal

from pandas import DataFrame

from tasks.data.columns import require_columns
from tasks.data.kinds import Kind, kind_of
from tasks.describe.correlations import correlations_of
from tasks.describe.profile import profile_of
from tasks.errors import AnalysisError
from tasks.job import Job


def compute(
    data: DataFrame,
    job: Job,
    *,
    columns: Sequence[str] | None,
    quantiles: Sequence[float],
    top: int,
    correlation: Literal["pearson", "spearman"],
) -> dict[str, object]:
    """Return the description that `tasks.describe.params.describe` documents."""
    table = _chosen(data, columns)
    kinds = {name: kind_of(table[name]) for name in table.columns}
    profiles = _profiles(table, job, kinds=kinds, quantiles=quantiles, top=top)
    partial = len(profiles) < table.shape[1]
    numeric = [] if partial else [name for name, kind in kinds.items() if kind == Kind.NUMERIC]
    correlations, notes = correlations_of(table, numeric, method=correlation)
    missing = int(table.isna().to_numpy().sum())
    return {
        "rows": len(table),
        "columns": table.shape[1],
        "memory_bytes": int(table.memory_usage(index=False, deep=True).sum()),
        "duplicate_rows": int(table.duplicated().sum()),
        "missing": missing,
        "missing_share": missing / table.size,
        "profiles": profiles,
        "correlations": correlations,
        "notes": notes,
        "partial": partial,
    }


def _chosen(data: DataFrame, columns: Sequence[str] | None) -> DataFrame:
    if columns is not None:
        require_columns(data, columns)
        data = data[list(dict.fromkeys(columns))]
    if data.size == 0:
        raise AnalysisError("The table is empty; send at least one row and one column.")
    return data.reset_index(drop=True)


def _profiles(
    table: DataFrame, job: Job, *, kinds: dict[str, Kind], quantiles: Sequence[float], top: int
) -> list[dict[str, object]]:
    """Profile column after column; asked to finish, stop after the one at hand."""
    profiles: list[dict[str, object]] = []
    for name, kind in kinds.items():
        profiles.append(profile_of(table[name], kind, quantiles=quantiles, top=top))
        job.progress(len(profiles) / len(kinds), f"column {len(profiles)} of {len(kinds)}")
        if job.should_finish():
            break
    return profiles
