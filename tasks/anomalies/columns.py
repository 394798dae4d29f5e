"""The columns that anomalies are looked for in: numbers, dates, booleans and categories, without gaps."""

from collections.abc import Sequence
from dataclasses import dataclass

from pandas import DataFrame, Series

from tasks.data.columns import Dropped, finite_numbers, refuse_mixed, require_columns
from tasks.data.kinds import Kind, kind_of
from tasks.errors import AnalysisError
from tasks.train.dates import days_since_1970
from tasks.train.features import IDENTIFIER_NAME, IDENTIFIER_SHARE

#: Kinds whose cells are ordered numbers here; those of the others are texts.
ORDERED = (Kind.NUMERIC, Kind.DATETIME)


@dataclass(frozen=True, kw_only=True)
class Usable:
    """One column that is looked at."""

    name: str
    kind: Kind
    #: Numbers (dates as days since 1970), or texts; gaps filled with `typical`.
    values: Series
    #: The median, or the most frequent text.
    typical: float | str
    #: How many gaps were filled.
    gaps: int


@dataclass(frozen=True, kw_only=True)
class Columns:
    """All columns that are looked at, and those that are not."""

    usable: tuple[Usable, ...]
    dropped: tuple[Dropped, ...]

    def described(self) -> dict[str, object]:
        """Return what a result says of them."""
        kinds = (Kind.NUMERIC, Kind.DATETIME, Kind.BOOLEAN, Kind.CATEGORICAL)
        by_kind = {kind.value: [one.name for one in self.usable if one.kind == kind] for kind in kinds}
        return {
            "columns": [one.name for one in self.usable],
            "column_kinds": by_kind,
            "dropped": [dropped.as_dict() for dropped in self.dropped],
            "imputed": {one.name: one.gaps for one in self.usable if one.gaps},
        }


def choose_usable(data: DataFrame, *, columns: Sequence[str] | None, exclude: Sequence[str]) -> Columns:
    """Return the columns that vary and identify nothing; one that was asked for by name is taken for no identifier.

    Raises tasks.errors.AnalysisError for unknown or mixed columns, infinite numbers, and if nothing remains.
    """
    require_columns(data, [*(columns or ()), *exclude])
    wanted = [name for name in dict.fromkeys(data.columns if columns is None else columns) if name not in exclude]
    usable: list[Usable] = []
    dropped: list[Dropped] = []
    for name in wanted:
        kind = kind_of(data[name])
        reason = _reason_to_drop(data[name], kind, asked=columns is not None)
        if reason:
            dropped.append(Dropped(str(name), reason))
        else:
            usable.append(_filled(data[name], kind))
    if not usable:
        reasons = "; ".join(f"{drop.column!r} {drop.reason}" for drop in dropped[:10])
        raise AnalysisError(
            f"No column is left to look for anomalies in ({reasons or 'none was given'}). "
            "Send columns that vary from row to row."
        )
    return Columns(usable=tuple(usable), dropped=tuple(dropped))


def _reason_to_drop(column: Series, kind: Kind, *, asked: bool) -> str | None:
    if kind == Kind.MIXED:
        refuse_mixed(column)
    if kind == Kind.EMPTY:
        return "has no values"
    distinct = column.nunique()
    if distinct == 1:
        return "is constant"
    if asked or kind in (Kind.BOOLEAN, Kind.DATETIME):
        return None
    if kind == Kind.NUMERIC:
        is_whole = bool((column.dropna() % 1 == 0).all())
        is_named_so = IDENTIFIER_NAME.fullmatch(str(column.name)) is not None
        return "identifies the row" if is_named_so and is_whole and distinct == len(column) else None
    if distinct > IDENTIFIER_SHARE * column.notna().sum():
        return "is an identifier or free text: most of its values are different"
    return None


def _filled(column: Series, kind: Kind) -> Usable:
    values = _plain(column, kind)
    typical = float(values.median()) if kind in ORDERED else str(values.mode().iloc[0])
    return Usable(
        name=str(column.name),
        kind=Kind.CATEGORICAL if kind == Kind.TEXT else kind,
        values=values.fillna(typical) if kind in ORDERED else values.where(values.notna(), typical),
        typical=typical,
        gaps=int(column.isna().sum()),
    )


def _plain(column: Series, kind: Kind) -> Series:
    if kind == Kind.NUMERIC:
        return finite_numbers(column)
    if kind == Kind.DATETIME:
        return days_since_1970(column)
    texts = column.astype(object).map(str, na_action="ignore")
    return texts.str.lower() if kind == Kind.BOOLEAN else texts
