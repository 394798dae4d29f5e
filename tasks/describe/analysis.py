"""The computing behind `describe`: the whole table, then each column, then how columns go together."""

from collections.abc import Sequence
from typing import Any, Literal

from pandas import DataFrame

from tasks.data.columns import require_columns
from tasks.data.kinds import Kind, kind_of
from tasks.describe.drawing import draw
from tasks.describe.duplicates import duplicates_in
from tasks.describe.profile import profile_of
from tasks.describe.relations import relations_of, strongest_of
from tasks.describe.summary import summary_of
from tasks.describe.suspicious import suspicions_of
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
    compared = {} if partial else kinds
    job.progress(0.6, "relations")
    relations = relations_of(table, compared, job, method=correlation)
    suspicious = suspicions_of(table, compared, profiles, relations.correlations)
    job.progress(0.9, "figures")
    draw(job, table, compared, profiles=profiles, relations=relations)
    result: dict[str, Any] = {
        **_whole(table),
        "kinds": {kind.value: list(kinds.values()).count(kind) for kind in Kind},
        "profiles": profiles,
        "suspicious": [one.as_dict() for one in suspicious],
        "correlations": relations.correlations,
        "associations": relations.associations.as_dict(),
        "relations": strongest_of(relations),
        "notes": relations.notes,
        "partial": partial,
    }
    job.progress(1.0, "done")
    return {"summary": summary_of(result), **result}


def _chosen(data: DataFrame, columns: Sequence[str] | None) -> DataFrame:
    if columns is not None:
        require_columns(data, columns)
        data = data[list(dict.fromkeys(columns))]
    if data.size == 0:
        raise AnalysisError("The table is empty; send at least one row and one column.")
    return data.reset_index(drop=True)


def _whole(table: DataFrame) -> dict[str, object]:
    missing = int(table.isna().to_numpy().sum())
    return {
        "rows": len(table),
        "columns": table.shape[1],
        "memory_bytes": int(table.memory_usage(index=False, deep=True).sum()),
        **duplicates_in(table),
        "missing": missing,
        "missing_share": missing / table.size,
    }


def _profiles(
    table: DataFrame, job: Job, *, kinds: dict[str, Kind], quantiles: Sequence[float], top: int
) -> list[dict[str, object]]:
    """Profile column after column; asked to finish, stop after the one at hand."""
    profiles: list[dict[str, object]] = []
    for name, kind in kinds.items():
        profiles.append(profile_of(table[name], kind, quantiles=quantiles, top=top))
        job.progress(0.6 * len(profiles) / len(kinds), f"column {len(profiles)} of {len(kinds)}")
        if job.should_finish():
            break
    return profiles
