"""What divides the rows into parts: chance, classes, the groups of a column, or the time in one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import Series, factorize

from tasks.data.columns import finite_numbers, refuse_mixed, require_columns
from tasks.data.kinds import Kind, kind_of
from tasks.errors import AnalysisError
from tasks.train.choices import Split
from tasks.train.dates import days_since_1970
from tasks.train.target import Target


@dataclass(frozen=True, kw_only=True)
class Divider:
    """What the rows are divided by."""

    split: Split
    #: The number of each row's group, for `grouped`.
    groups: NDArray[np.int64] | None = None
    #: When each row was, on any scale, for `time_ordered`.
    moments: NDArray[np.float64] | None = None


def read_divider(target: Target, *, split: str, group: str | None, time: str | None) -> Divider:
    """Return what the rows are divided by, with `auto` resolved: by the column given, else stratified or shuffled.

    Raises tasks.errors.AnalysisError for a way and columns that don't go together, and columns that can't divide.
    """
    return Divider(
        split=_resolve(split, is_classification=bool(target.classes), group=group, time=time),
        groups=_groups(target, group) if group is not None else None,
        moments=_moments(target, time) if time is not None else None,
    )


def _resolve(split: str, *, is_classification: bool, group: str | None, time: str | None) -> Split:
    if group is not None and time is not None:
        raise AnalysisError("Rows are split by `group` or by `time`, not by both; leave one of them out.")
    by_column: Split | None = "grouped" if group is not None else "time_ordered" if time is not None else None
    if split == "auto":
        return by_column or ("stratified" if is_classification else "shuffled")
    if split == "grouped" and group is None:
        raise AnalysisError("Split `grouped` needs `group`: the column whose equal values stay together.")
    if split == "time_ordered" and time is None:
        raise AnalysisError("Split `time_ordered` needs `time`: the column that orders the rows.")
    if by_column not in (None, split):
        given = "group" if group is not None else "time"
        raise AnalysisError(f"`{given}` is for the split `{by_column}`, not for `{split}`; leave one of them out.")
    if split == "stratified" and not is_classification:
        raise AnalysisError("Split `stratified` spreads classes, and a regression has none; ask for `shuffled`.")
    return split  # type: ignore[return-value]


def _groups(target: Target, name: str) -> NDArray[np.int64]:
    column = _divider_column(target, name, "group")
    if kind_of(column) == Kind.MIXED:
        refuse_mixed(column)
    codes, _ = factorize(column.to_numpy(), sort=True)
    numbers: NDArray[np.int64] = codes.astype(np.int64)
    return numbers


def _moments(target: Target, name: str) -> NDArray[np.float64]:
    column = _divider_column(target, name, "time")
    kind = kind_of(column)
    if kind == Kind.DATETIME:
        days: NDArray[np.float64] = days_since_1970(column).to_numpy(dtype=np.float64)
        return days
    if kind != Kind.NUMERIC:
        raise AnalysisError(
            f"Column {name!r} can't order the rows: it holds neither dates (ISO 8601, such as 2026-01-31) nor numbers."
        )
    numbers: NDArray[np.float64] = finite_numbers(column).to_numpy()
    return numbers


def _divider_column(target: Target, name: str, role: str) -> Series:
    require_columns(target.rows, [name])
    column = target.rows[name]
    if name == target.name:
        raise AnalysisError(f"{name!r} is the target and can't be the `{role}` too; choose another column.")
    missing = column.index[column.isna()]
    if len(missing):
        raise AnalysisError(
            f"Column {name!r} is the `{role}` and has no value in row {int(missing[0]) + 1} "
            f"(rows without one: {len(missing)}). Fill it, or leave the rows out."
        )
    return column
