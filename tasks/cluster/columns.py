"""Which columns `cluster` groups by: numbers that vary, without gaps."""

from collections.abc import Sequence
from dataclasses import dataclass

from pandas import DataFrame, Series

from tasks.data.columns import NOT_NUMERIC, Dropped, finite_numbers, quoted, refuse_mixed, require_columns
from tasks.data.kinds import Kind, kind_of
from tasks.errors import AnalysisError


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The columns to group by."""

    #: The chosen columns as float64, gaps filled.
    numbers: DataFrame
    #: What was left out, and why.
    dropped: tuple[Dropped, ...]
    #: Number of gaps that were filled with the median, by column; only columns that had any.
    imputed: dict[str, int]


def choose_columns(data: DataFrame, *, columns: Sequence[str] | None, exclude: Sequence[str]) -> Choice:
    """Return the numeric columns that vary; of those asked for by name every one must be numeric.

    Raises tasks.errors.AnalysisError for unknown or mixed columns, infinite numbers, and if nothing remains.
    """
    data = data.reset_index(drop=True)
    require_columns(data, [*(columns or ()), *exclude])
    wanted = list(dict.fromkeys(data.columns if columns is None else columns))
    numeric, dropped = _numeric(data[[name for name in wanted if name not in exclude]], asked=columns is not None)
    constant = [name for name, column in numeric.items() if column.nunique() < 2]
    dropped += [Dropped(str(name), "is constant") for name in constant]
    varying = {name: column for name, column in numeric.items() if name not in constant}
    if not varying:
        reasons = "; ".join(f"{drop.column!r} {drop.reason}" for drop in dropped[:10])
        raise AnalysisError(
            f"No numeric column that varies is left to group by ({reasons or 'none was given'}). Send at least one."
        )
    gaps = {str(name): int(column.isna().sum()) for name, column in varying.items()}
    return Choice(
        numbers=DataFrame({name: column.fillna(column.median()) for name, column in varying.items()}),
        dropped=tuple(dropped),
        imputed={name: count for name, count in gaps.items() if count},
    )


def _numeric(table: DataFrame, *, asked: bool) -> tuple[dict[str, Series], list[Dropped]]:
    numeric: dict[str, Series] = {}
    dropped: list[Dropped] = []
    for name in table.columns:
        kind = kind_of(table[name])
        if kind == Kind.MIXED:
            refuse_mixed(table[name])
        if kind == Kind.NUMERIC:
            numeric[name] = finite_numbers(table[name])
        elif asked:
            raise AnalysisError(_not_numeric(table, name, kind))
        else:
            dropped.append(Dropped(str(name), NOT_NUMERIC[kind]))
    return numeric, dropped


def _not_numeric(table: DataFrame, name: str, kind: Kind) -> str:
    others = [str(other) for other in table.columns if kind_of(table[other]) == Kind.NUMERIC]
    advice = f"Numeric columns: {quoted(others)}." if others else "Leave it out of `columns`."
    return f"Column {str(name)!r} {NOT_NUMERIC[kind]}, so rows can't be grouped by it. {advice}"
