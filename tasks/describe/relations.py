"""How the columns of a table go together: correlations, associations, and the strongest of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pandas import DataFrame

from tasks.data.kinds import Kind
from tasks.describe.associations import MOST_CATEGORICAL, MOST_NUMERIC, Associations, associations_of
from tasks.describe.correlations import correlations_of
from tasks.job import Job

#: Most relations that are listed, and the least strength worth listing.
MOST_RELATIONS, LEAST_STRENGTH = 10, 0.3


@dataclass(frozen=True, kw_only=True)
class Relations:
    """All pairs of columns."""

    #: `method`, `columns` and `matrix` of the result.
    correlations: dict[str, Any]
    associations: Associations
    #: What they leave out, in sentences.
    notes: list[str]


def relations_of(
    table: DataFrame, kinds: Mapping[str, Kind], job: Job, *, method: Literal["pearson", "spearman"]
) -> Relations:
    """Return the correlations of the numbers, and how the categories and booleans go with them and with each other."""
    numeric = [name for name, kind in kinds.items() if kind == Kind.NUMERIC]
    categorical = [name for name, kind in kinds.items() if kind in (Kind.CATEGORICAL, Kind.BOOLEAN)]
    correlations, notes = correlations_of(table, numeric, method=method)
    associations = associations_of(table, categorical, numeric, job)
    if categorical and associations.rows < len(table):
        notes.append(f"Associations rest on a random sample of {associations.rows:,} of {len(table):,} rows.")
    if len(categorical) > MOST_CATEGORICAL:
        notes.append(f"Associations cover the first {MOST_CATEGORICAL} of {len(categorical)} columns of categories.")
    if categorical and len(numeric) > MOST_NUMERIC:
        notes.append(f"Associations cover the first {MOST_NUMERIC} of {len(numeric)} numeric columns.")
    return Relations(correlations=correlations, associations=associations, notes=notes)


def strongest_of(relations: Relations) -> list[dict[str, Any]]:
    """Return the pairs of columns with the strongest relation, each with `columns`, `measure` and `value`."""
    correlations, associations = relations.correlations, relations.associations
    pairs = [
        *_below_diagonal(correlations["columns"], correlations["matrix"], measure=correlations["method"]),
        *_below_diagonal(associations.categorical, associations.between, measure="cramers_v_corrected"),
        *[
            {"columns": [category, number], "measure": "correlation_ratio", "value": value}
            for category, values in zip(associations.categorical, associations.mixed, strict=True)
            for number, value in zip(associations.numeric, values, strict=True)
            if value is not None
        ],
    ]
    strong = [pair for pair in pairs if abs(pair["value"]) >= LEAST_STRENGTH]
    return sorted(strong, key=lambda pair: -abs(pair["value"]))[:MOST_RELATIONS]


def _below_diagonal(
    names: Sequence[str], matrix: Sequence[Sequence[float | None]], *, measure: str
) -> list[dict[str, Any]]:
    return [
        {"columns": [names[other], names[at]], "measure": measure, "value": matrix[at][other]}
        for at in range(len(names))
        for other in range(at)
        if matrix[at][other] is not None
    ]
