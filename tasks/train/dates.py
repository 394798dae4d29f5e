"""Dates as numbers that a model can learn from: days since 1970, and the parts of a date that vary."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas import DatetimeIndex, Series, Timestamp, to_datetime
from pandas.api.types import is_datetime64_any_dtype

from tasks.data.kinds import as_dates

#: What a date is expanded into. The day of the week counts from Monday = 0, the hour from 0, all in UTC; the elapsed
#: days count from 1970-01-01, with the time of day as a fraction.
PARTS = ("year", "month", "day_of_week", "day_of_year", "hour", "elapsed_days")
_EPOCH = Timestamp("1970-01-01", tz="UTC")
_DAY_MS = 86_400_000


def days_since_1970(column: Series) -> Series:
    """Return a column of kind `datetime` as days since 1970-01-01 in UTC, float64, missing cells as NaN."""
    # Texts may stand between blanks and still be of this kind.
    dates = as_dates(column if is_datetime64_any_dtype(column.dtype) else column.map(str.strip, na_action="ignore"))
    return ((dates - _EPOCH) / np.timedelta64(_DAY_MS, "ms")).astype("float64")


def varying_parts(days: Series) -> tuple[str, ...]:
    """Return the parts of which the present dates have more than one value."""
    expanded = expand_days(days.dropna().to_numpy(dtype=np.float64).reshape(-1, 1), parts=PARTS)
    return tuple(part for part, values in zip(PARTS, expanded.T, strict=True) if (values != values[0]).any())


def expand_days(days: ArrayLike, *, parts: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the parts of the dates, rows by parts; `days` since 1970 in one column, without gaps."""
    column = np.asarray(days, dtype=np.float64).reshape(-1)
    # Whole milliseconds, so that the rounding of a day's fraction moves no time across the hour.
    dates = DatetimeIndex(to_datetime(np.rint(column * _DAY_MS).astype(np.int64), unit="ms"))
    values = {
        "year": dates.year,
        "month": dates.month,
        "day_of_week": dates.day_of_week,
        "day_of_year": dates.day_of_year,
        "hour": dates.hour,
        "elapsed_days": column,
    }
    return np.column_stack([np.asarray(values[part], dtype=np.float64) for part in parts])
