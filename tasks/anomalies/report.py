"""What a result says of the oddest rows: their scores and, in words, the columns that make them odd."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pandas import DataFrame, Timedelta, Timestamp

from tasks.anomalies.columns import ORDERED, Columns, Usable
from tasks.anomalies.ranking import Ranking
from tasks.anomalies.reasons import Contributions
from tasks.data.kinds import Kind
from tasks.data.plain import Plain, plain_cell

#: Most reasons of a row, and the least contribution worth naming.
MOST_REASONS, LEAST_CONTRIBUTION = 5, 0.05
#: Most columns that are listed as drivers.
MOST_DRIVERS = 20


def ranked_rows(
    data: DataFrame,
    columns: Columns,
    ranking: Ranking,
    rows: Sequence[int],
    contributions: Contributions,
) -> list[dict[str, Any]]:
    """Return `ranked` of the result, one entry a row."""
    return [
        {
            "row": int(row) + 1,
            "score": float(ranking.scores[row]),
            "isolation_forest": None if ranking.forest is None else float(ranking.forest[row]),
            "local_outlier_factor": None if ranking.factor is None else float(ranking.factor[row]),
            "flagged": bool(ranking.flagged[row]),
            "reasons": _reasons(data, columns, int(row), contributions[at]),
        }
        for at, row in enumerate(rows)
    ]


def drivers_of(
    columns: Columns, ranking: Ranking, rows: Sequence[int], contributions: Contributions
) -> list[dict[str, Any]]:
    """Return the columns by their mean contribution to those of the rows that are flagged."""
    flagged = contributions[ranking.flagged[list(rows)]]
    if not len(flagged):
        return []
    means = flagged.mean(axis=0)
    order = np.argsort(-means, kind="stable")[:MOST_DRIVERS]
    return [{"column": columns.usable[at].name, "contribution": float(means[at])} for at in order if means[at] > 0]


def _reasons(data: DataFrame, columns: Columns, row: int, shares: Contributions) -> list[dict[str, Any]]:
    order = np.argsort(-shares, kind="stable")[:MOST_REASONS]
    return [
        _reason(data, columns.usable[at], row, contribution=float(shares[at]))
        for at in order
        if shares[at] >= LEAST_CONTRIBUTION
    ]


def _reason(data: DataFrame, column: Usable, row: int, *, contribution: float) -> dict[str, Any]:
    value = plain_cell(data.at[row, column.name])
    typical = _typical(column)
    own = column.values.iloc[row]
    told: dict[str, Any] = {"column": column.name, "value": value, "typical": typical, "contribution": contribution}
    if column.kind in ORDERED:
        below = float((column.values < own).mean())
        above = float((column.values > own).mean())
        return {**told, "below": below, "words": _place(column.name, value, typical, below=below, above=above)}
    share = float((column.values == own).mean())
    return {**told, "share": share, "words": f"{column.name} is {_spoken(value)}, as in {share:.1%} of the rows."}


def _place(name: str, value: Plain, typical: Plain, *, below: float, above: float) -> str:
    place = f"above {below:.1%} of the rows" if below >= above else f"below {above:.1%} of the rows"
    if not above:
        place = "the highest value"
    elif not below:
        place = "the lowest value"
    return f"{name} is {_spoken(value)}, {place} (typical: {_spoken(typical)})."


def _typical(column: Usable) -> Plain:
    if column.kind == Kind.DATETIME:
        return str((Timestamp("1970-01-01") + Timedelta(days=float(column.typical))).date())
    return column.typical


def _spoken(value: Plain) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
