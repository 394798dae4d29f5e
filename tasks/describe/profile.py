"""What `describe` says about one column, by its kind."""

from collections.abc import Sequence

from pandas import Series

from tasks.data.kinds import Kind, looks_numeric, mixture_in
from tasks.data.plain import plain_cell
from tasks.describe.dates import date_profile
from tasks.describe.numbers import number_profile


def profile_of(column: Series, kind: Kind, *, quantiles: Sequence[float], top: int) -> dict[str, object]:
    """Return name, kind, counts of missing and distinct cells, and what the kind has to tell."""
    missing = int(column.isna().sum())
    present = column.dropna()
    counts = (present if kind == Kind.NUMERIC else present.astype(object)).value_counts()
    profile: dict[str, object] = {
        "column": str(column.name),
        "kind": kind.value,
        "missing": missing,
        "missing_share": missing / len(column),
        "unique": len(counts),
        "unique_share": len(counts) / len(present) if len(present) else None,
        "singletons": int((counts == 1).sum()),
    }
    if kind == Kind.NUMERIC:
        return profile | number_profile(present, quantiles)
    if kind == Kind.DATETIME:
        return profile | date_profile(present)
    if kind == Kind.MIXED:
        return profile | {"mixture": str(mixture_in(column))} | _top_values(counts, present, top)
    if kind == Kind.EMPTY:
        return profile
    texts = {} if kind == Kind.BOOLEAN else _text_profile(present)
    return profile | texts | _top_values(counts, present, top)


def _text_profile(present: Series) -> dict[str, object]:
    texts = present.astype(str)
    lengths = texts.str.len()
    return {
        "looks_numeric": looks_numeric(present),
        "shortest": int(lengths.min()),
        "longest": int(lengths.max()),
        "mean_length": float(lengths.mean()),
        "blank": int((texts.str.strip() == "").sum()),
        "padded": int((texts != texts.str.strip()).sum()),
    }


def _top_values(counts: Series, present: Series, top: int) -> dict[str, object]:
    return {
        "top": [
            {"value": plain_cell(value), "count": int(count), "share": int(count) / len(present)}
            for value, count in counts.head(top).items()
        ]
    }
