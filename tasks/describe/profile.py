"""What `describe` says about one column, by its kind."""

from collections.abc import Sequence

import numpy as np
from pandas import Series

from tasks.data.kinds import Kind, as_dates, looks_numeric, mixture_in
from tasks.data.plain import Plain, plain_cell, plain_number


def profile_of(column: Series, kind: Kind, *, quantiles: Sequence[float], top: int) -> dict[str, object]:
    """Return name, kind, counts of missing and distinct cells, and what the kind has to tell."""
    missing = int(column.isna().sum())
    profile: dict[str, object] = {
        "column": str(column.name),
        "kind": kind.value,
        "missing": missing,
        "missing_share": missing / len(column),
        "unique": int(column.nunique()),
    }
    present = column.dropna()
    if kind == Kind.NUMERIC:
        return profile | _numeric(present, quantiles)
    if kind == Kind.DATETIME:
        return profile | _dates(present)
    if kind == Kind.MIXED:
        return profile | {"mixture": str(mixture_in(column))} | _top_values(present, top)
    if kind == Kind.EMPTY:
        return profile
    numeric_text = {} if kind == Kind.BOOLEAN else {"looks_numeric": looks_numeric(present)}
    return profile | numeric_text | _top_values(present, top)


def _numeric(present: Series, quantiles: Sequence[float]) -> dict[str, object]:
    finite = present[np.isfinite(present.to_numpy(dtype=np.float64))]
    numbers = finite.astype("float64")
    # Numbers near the limit of a double overflow to infinity on the way; the result then says null.
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            "infinite": len(present) - len(finite),
            "mean": plain_number(numbers.mean()),
            "std": plain_number(numbers.std(ddof=1)),
            "min": _exact(finite.min()),
            "max": _exact(finite.max()),
            "skew": plain_number(numbers.skew()),
            "quantiles": [{"quantile": share, "value": _quantile(numbers, share)} for share in sorted(set(quantiles))],
        }


def _quantile(numbers: Series, share: float) -> float | None:
    return plain_number(numbers.quantile(share)) if len(numbers) else None


def _exact(value: float) -> Plain:
    """Keep integers as integers: beyond 2**53 a float would change them."""
    return plain_cell(value)


def _dates(present: Series) -> dict[str, object]:
    """Return the first and the last as the column writes them."""
    dates = as_dates(present).to_numpy()
    return {"min": plain_cell(present.iloc[dates.argmin()]), "max": plain_cell(present.iloc[dates.argmax()])}


def _top_values(present: Series, top: int) -> dict[str, object]:
    counts = present.astype(object).value_counts().head(top)
    return {
        "top": [
            {"value": plain_cell(value), "count": int(count), "share": int(count) / len(present)}
            for value, count in counts.items()
        ]
    }
