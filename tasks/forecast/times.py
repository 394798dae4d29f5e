"""The column of times: read, checked, and written back the way it came."""

from dataclasses import dataclass

import pandas as pd
from pandas import DatetimeIndex, Series, Timestamp

from tasks.data.columns import NOT_NUMERIC, refuse_mixed
from tasks.data.kinds import Kind, as_dates, kind_of
from tasks.errors import AnalysisError

#: A month without a day.
MONTH = r"\s*[0-9]{4}-[0-9]{2}\s*"
#: The end of a moment that says its zone.
ZONE = r":[0-9.]+(?:Z|[+-][0-9]{2}:?[0-9]{2})\s*$"
#: Years that whole numbers are taken for.
FIRST_YEAR, LAST_YEAR = 1700, 2200


@dataclass(frozen=True)
class Times:
    """Moments in UTC without their zone, and how the column writes them."""

    #: One per row, in the rows' order.
    moments: DatetimeIndex
    #: The `strftime` form of the column.
    form: str

    def write(self, moment: Timestamp) -> str:
        """Return a moment as the column would say it."""
        return str(moment.strftime(self.form))


def read_times(column: Series) -> Times:
    """Return the moments of a column without missing cells.

    Raises tasks.errors.AnalysisError for what is neither a date, a moment, a month nor a year.
    """
    kind = kind_of(column)
    if kind == Kind.MIXED:
        refuse_mixed(column)
    if kind == Kind.DATETIME:
        moments = DatetimeIndex(as_dates(_stripped(column))).tz_convert(None)
        return Times(moments, _form(column, moments))
    if kind == Kind.NUMERIC and _are_years(column):
        return Times(DatetimeIndex(pd.to_datetime(column.astype("int64").astype(str), format="%Y")), "%Y")
    if kind in (Kind.TEXT, Kind.CATEGORICAL):
        months = pd.to_datetime(_stripped(column), format="%Y-%m", errors="coerce")
        if column.astype(str).str.fullmatch(MONTH).all() and months.notna().all():
            return Times(DatetimeIndex(months), "%Y-%m")
    holds = "holds numbers" if kind == Kind.NUMERIC else NOT_NUMERIC[kind]
    raise AnalysisError(
        f"Column {str(column.name)!r} {holds}, not times. Write them in ISO 8601, such as 2026-01-31, "
        "2026-01-31T12:00 or 2026-01, or as years; or name another column as `time`."
    )


def _stripped(column: Series) -> Series:
    return column if pd.api.types.is_datetime64_any_dtype(column.dtype) else column.astype(str).str.strip()


def _are_years(column: Series) -> bool:
    return bool((column % 1 == 0).all() and column.between(FIRST_YEAR, LAST_YEAR).all())


def _form(column: Series, moments: DatetimeIndex) -> str:
    if (moments == moments.normalize()).all():
        return "%Y-%m-%d"
    says_zone = bool(column.astype(str).str.contains(ZONE, regex=True).any())
    return "%Y-%m-%dT%H:%M:%S" + ("Z" if says_zone else "")
