"""The series to forecast: one value at every step between the first and the last time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from tasks.data.columns import NOT_NUMERIC, finite_numbers, refuse_mixed, require_columns
from tasks.data.kinds import Kind, kind_of
from tasks.errors import AnalysisError
from tasks.forecast.frequency import Frequency, find_frequency
from tasks.forecast.times import Times, read_times

#: Longest series that is computed with, in steps.
MAX_STEPS = 200_000
#: Fewest values from which a step between times can be told.
FEWEST = 4


@dataclass(frozen=True, kw_only=True)
class Series:
    """A regular series, gaps filled."""

    times: DatetimeIndex
    #: One per time, in the target's unit.
    values: NDArray[np.float64]
    #: Whether the value was given, not filled.
    given: NDArray[np.bool_]
    frequency: Frequency
    #: How the column writes times.
    written: Times
    #: Number of rows that were left out because they have no target.
    rows_without: int

    def future(self, steps: int) -> DatetimeIndex:
        """Return so many times after the last."""
        return self.frequency.times(len(self.times) + steps)[len(self.times) :]


def read_series(data: DataFrame, *, time: str, target: str) -> Series:
    """Return the series, sorted by time; what is missing in between lies on a straight line between its neighbours.

    Raises tasks.errors.AnalysisError for columns that make no series, saying what to change.
    """
    require_columns(data, [time, target])
    if time == target:
        raise AnalysisError(f"{time!r} is named as `time` and as `target`; name the column of numbers as `target`.")
    rows = _complete(data.reset_index(drop=True), time=time, target=target)
    written = read_times(rows[time])
    order = np.argsort(written.moments.to_numpy(), kind="stable")
    moments = written.moments[order]
    _refuse_repeated(moments, written, column=time)
    frequency, positions = find_frequency(moments, column=time)
    steps = int(positions[-1]) + 1
    if steps > MAX_STEPS:
        raise AnalysisError(f"The series has {steps:,} steps, at most {MAX_STEPS:,} are computed with; send its end.")
    numbers = finite_numbers(rows[target]).to_numpy()[order]
    _refuse_constant(numbers, column=target)
    given = np.zeros(steps, dtype=np.bool_)
    given[positions] = True
    return Series(
        times=frequency.times(steps),
        values=np.interp(np.arange(steps), positions, numbers),
        given=given,
        frequency=frequency,
        written=written,
        rows_without=len(data) - len(rows),
    )


def _complete(data: DataFrame, *, time: str, target: str) -> DataFrame:
    kind = kind_of(data[target])
    if kind == Kind.MIXED:
        refuse_mixed(data[target])
    if kind != Kind.NUMERIC:
        raise AnalysisError(f"Target {target!r} {NOT_NUMERIC[kind]}; only numbers can be forecast.")
    rows = data[data[target].notna()]
    without_time = int(rows[time].isna().sum())
    if without_time:
        row = int(rows.index[rows[time].isna()][0]) + 1
        raise AnalysisError(
            f"Column {time!r} is empty in row {row} (of {without_time}); fill it, or leave the row out."
        )
    if len(rows) < FEWEST:
        raise AnalysisError(f"The series has {len(rows)} values of {target!r}; send at least {FEWEST}.")
    return rows


def _refuse_repeated(moments: DatetimeIndex, written: Times, *, column: str) -> None:
    repeated = moments[moments.duplicated()]
    if len(repeated):
        raise AnalysisError(
            f"Two rows have the time {written.write(repeated[0])} in {column!r}. If the table holds several series, "
            "send the rows of one; if not, bring them to one value per time (a sum or a mean)."
        )


def _refuse_constant(numbers: NDArray[np.float64], *, column: str) -> None:
    if (numbers == numbers[0]).all():
        raise AnalysisError(f"Target {column!r} is {numbers[0]:g} at every time, so there is nothing to forecast.")
