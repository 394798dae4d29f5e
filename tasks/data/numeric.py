"""The numeric columns of a table that vary, without gaps: what grouping and projecting rows compute with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series
from sklearn.preprocessing import StandardScaler

from tasks.data.columns import NOT_NUMERIC, Dropped, finite_numbers, quoted, refuse_mixed, require_columns
from tasks.data.kinds import Kind, kind_of
from tasks.errors import AnalysisError

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The columns to compute with."""

    #: The chosen columns as float64, gaps filled, rows counted from 0.
    table: DataFrame
    #: What was left out, and why.
    dropped: tuple[Dropped, ...]
    #: Number of gaps that were filled with the median, by column; only columns that had any.
    imputed: dict[str, int]

    def matrix(self, *, scale: bool) -> Matrix:
        """Return the numbers, each column brought to mean 0 and variance 1 if asked."""
        matrix: Matrix = self.table.to_numpy(dtype=np.float64)
        scaled: Matrix = StandardScaler().fit_transform(matrix) if scale else matrix
        return scaled

    def described(self) -> dict[str, object]:
        """Return what a result says of them."""
        return {
            "rows": len(self.table),
            "columns": [str(name) for name in self.table.columns],
            "dropped": [dropped.as_dict() for dropped in self.dropped],
            "imputed": self.imputed,
        }


def choose_numbers(data: DataFrame, *, columns: Sequence[str] | None, exclude: Sequence[str], purpose: str) -> Numbers:
    """Return the numeric columns that vary; of those asked for by name every one must be numeric.

    The purpose ends a refusal, such as "group rows by". Raises tasks.errors.AnalysisError for unknown or mixed columns,
    infinite numbers, and if nothing remains.
    """
    data = data.reset_index(drop=True)
    require_columns(data, [*(columns or ()), *exclude])
    wanted = [name for name in dict.fromkeys(data.columns if columns is None else columns) if name not in exclude]
    numeric, dropped = _numeric(data, wanted, asked=columns is not None, purpose=purpose)
    constant = [name for name, column in numeric.items() if column.nunique() < 2]
    dropped += [Dropped(str(name), "is constant") for name in constant]
    varying = {name: column for name, column in numeric.items() if name not in constant}
    if not varying:
        reasons = "; ".join(f"{drop.column!r} {drop.reason}" for drop in dropped[:10])
        raise AnalysisError(
            f"No numeric column that varies is left to {purpose} ({reasons or 'none was given'}). Send at least one."
        )
    gaps = {str(name): int(column.isna().sum()) for name, column in varying.items()}
    return Numbers(
        table=DataFrame({name: column.fillna(column.median()) for name, column in varying.items()}),
        dropped=tuple(dropped),
        imputed={name: count for name, count in gaps.items() if count},
    )


def _numeric(
    data: DataFrame, wanted: Sequence[str], *, asked: bool, purpose: str
) -> tuple[dict[str, Series], list[Dropped]]:
    numeric: dict[str, Series] = {}
    dropped: list[Dropped] = []
    for name in wanted:
        kind = kind_of(data[name])
        if kind == Kind.MIXED:
            refuse_mixed(data[name])
        if kind == Kind.NUMERIC:
            numeric[name] = finite_numbers(data[name])
        elif asked:
            raise AnalysisError(_not_numeric(data, name, kind=kind, purpose=purpose))
        else:
            dropped.append(Dropped(str(name), NOT_NUMERIC[kind]))
    return numeric, dropped


def _not_numeric(data: DataFrame, name: str, *, kind: Kind, purpose: str) -> str:
    others = [str(other) for other in data.columns if kind_of(data[other]) == Kind.NUMERIC]
    advice = f"Numeric columns: {quoted(others)}." if others else "Leave it out of `columns`."
    return f"Column {str(name)!r} {NOT_NUMERIC[kind]}, which is nothing to {purpose}. {advice}"
