"""The columns to learn from: which are used and how, which are left out and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pandas import DataFrame, Series

from tasks.data.columns import Dropped, finite_numbers, refuse_mixed, require_columns
from tasks.data.kinds import Kind, kind_of, looks_numeric
from tasks.errors import AnalysisError
from tasks.train.dates import days_since_1970, varying_parts

#: A column of texts is an identifier or free text if more than this share of its cells are different.
IDENTIFIER_SHARE = 0.5
#: Names that whole numbers which are all different carry if they only count or identify the rows.
IDENTIFIER_NAME = re.compile(r"(?i:id|index|idx|row|nr|no|key|uuid|unnamed.*|column_1)|.*(?:_id|_ID|Id|ID)")
#: Most reasons that a refusal repeats.
MAX_REASONS = 10


@dataclass(frozen=True, kw_only=True)
class Features:
    """The table to learn from, ready for the preprocessing."""

    #: Numbers as float64, booleans as 0 and 1, categories as text, dates as days since 1970; missing cells as NaN.
    table: DataFrame
    numeric: tuple[str, ...]
    boolean: tuple[str, ...]
    categorical: tuple[str, ...]
    #: What was left out, and why.
    dropped: tuple[Dropped, ...]
    #: By column of dates, the parts that vary (tasks.train.dates.PARTS).
    dates: dict[str, tuple[str, ...]] = field(default_factory=dict)


def choose_features(
    rows: DataFrame, *, target: str, features: Sequence[str] | None, exclude: Sequence[str]
) -> Features:
    """Return the features; without a list of them, every column but the target and the excluded ones.

    Raises tasks.errors.AnalysisError for unknown or mixed columns, infinite numbers, a named column without values,
    and if nothing remains.
    """
    require_columns(rows, [*(features or ()), *exclude])
    if features is not None and target in features:
        raise AnalysisError(f"{target!r} is the target; a model that also learns from it predicts nothing. Remove it.")
    wanted = list(dict.fromkeys(rows.columns if features is None else features))
    chosen = [name for name in wanted if name != target and name not in exclude]
    kinds = {name: kind_of(rows[name]) for name in chosen}
    dropped = [
        Dropped(str(name), reason)
        for name, kind in kinds.items()
        if (reason := _reason_to_drop(rows[name], kind, asked=features is not None))
    ]
    left_out = {drop.column for drop in dropped}
    used = {name: kind for name, kind in kinds.items() if str(name) not in left_out}
    _refuse_nothing(used, dropped, features_asked=features is not None)
    return _ready(rows, used, dropped)


def _reason_to_drop(column: Series, kind: Kind, *, asked: bool) -> str | None:
    """Return why a column can't be learned from; one that was asked for by name is taken for no identifier."""
    if kind == Kind.EMPTY:
        if asked:
            raise AnalysisError(f"Column {column.name!r} has no values; fill it or take it off `features`.")
        return "has no values"
    if kind == Kind.MIXED:
        refuse_mixed(column)
    if kind == Kind.DATETIME:
        return None if varying_parts(days_since_1970(column)) else "is constant"
    if column.nunique() == 1:
        return "is constant"
    return None if asked else _identifier(column, kind)


def _identifier(column: Series, kind: Kind) -> str | None:
    distinct, present = column.nunique(), column.notna().sum()
    if kind == Kind.NUMERIC:
        is_whole = bool((column.dropna() % 1 == 0).all())
        is_named_so = IDENTIFIER_NAME.fullmatch(str(column.name)) is not None
        return "identifies the row" if is_named_so and is_whole and distinct == len(column) else None
    if kind == Kind.BOOLEAN or distinct <= IDENTIFIER_SHARE * present:
        return None
    if looks_numeric(column):
        return "holds numbers written as text; send them as numbers, with a decimal point"
    return "is an identifier or free text: most of its values are different"


def _refuse_nothing(used: dict[str, Kind], dropped: Sequence[Dropped], *, features_asked: bool) -> None:
    if used:
        return
    reasons = "; ".join(f"{drop.column!r} {drop.reason}" for drop in dropped[:MAX_REASONS])
    advice = "Choose other columns" if features_asked else "Send columns that vary from row to row"
    raise AnalysisError(f"No column is left to learn from ({reasons or 'none was given'}). {advice}.")


def _ready(rows: DataFrame, used: dict[str, Kind], dropped: Sequence[Dropped]) -> Features:
    by_kind: dict[Kind, tuple[str, ...]] = {
        kind: tuple(name for name, its in used.items() if its == kind) for kind in Kind
    }
    categorical = tuple(name for name, kind in used.items() if kind in (Kind.CATEGORICAL, Kind.TEXT))
    table = DataFrame({name: _column(rows[name], kind) for name, kind in used.items()})
    return Features(
        table=table,
        numeric=by_kind[Kind.NUMERIC],
        boolean=by_kind[Kind.BOOLEAN],
        categorical=categorical,
        dropped=tuple(dropped),
        dates={name: varying_parts(table[name]) for name in by_kind[Kind.DATETIME]},
    )


def _column(column: Series, kind: Kind) -> Series:
    if kind in (Kind.CATEGORICAL, Kind.TEXT):
        return _as_text(column)
    return days_since_1970(column) if kind == Kind.DATETIME else finite_numbers(column)


def _as_text(column: Series) -> Series:
    """Return texts as objects with NaN for missing, the form that scikit-learn's imputer and encoder share."""
    return column.astype(object).map(str, na_action="ignore").where(column.notna(), np.nan)
