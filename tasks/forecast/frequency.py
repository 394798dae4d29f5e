"""The step between the times of a series: found from those that are there, and carried on beyond the last."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DatetimeIndex, Timestamp

from tasks.errors import AnalysisError

#: Least share of the steps between the first and the last time at which there must be a value.
LEAST_FILLED = 0.7
#: Seconds of the units that a step is told in, the largest first.
SPOKEN = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
#: Steps of a season for the common steps; below a day it is a day, of months a year.
SEASONS = {"week": 52, "day": 7, "business day": 5}

Unit = Literal["month", "month end", "business day", "second"]


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """A regular step: so many of a unit, counted from a first time."""

    first: Timestamp
    unit: Unit
    #: How many units a step has.
    count: int

    @property
    def in_months(self) -> bool:
        """Whether a step is so many whole months."""
        return self.unit in ("month", "month end")

    @property
    def name(self) -> str:
        """The step in words, such as `month`, `15 minutes`, `business day`."""
        if self.in_months:
            spoken = {3: (1, "quarter"), 12: (1, "year")}.get(self.count, (self.count, "month"))
        elif self.unit == "business day":
            spoken = (self.count, "business day")
        else:
            unit = next(unit for unit, seconds in SPOKEN.items() if self.count % seconds == 0)
            spoken = (self.count // SPOKEN[unit], unit)
        return spoken[1] if spoken[0] == 1 else f"{spoken[0]} {spoken[1]}s"

    @property
    def season(self) -> int:
        """How many steps the usual season has; 1 where there is none."""
        if self.in_months:
            return 12 // self.count if 12 % self.count == 0 else 1
        if self.unit == "second" and self.count < SPOKEN["day"]:
            return SPOKEN["day"] // self.count if SPOKEN["day"] % self.count == 0 else 1
        return SEASONS.get(self.name, 1)

    def times(self, steps: int) -> DatetimeIndex:
        """Return the first so many times."""
        if self.unit == "second":
            return DatetimeIndex(self.first + pd.to_timedelta(np.arange(steps) * self.count, unit="s"))
        if self.unit == "business day":
            return DatetimeIndex(np.busday_offset(self.first.date(), np.arange(steps) * self.count))
        # Each from the first: going on from one to the next would stay on the 28th after a February.
        offset = pd.offsets.MonthEnd if self.unit == "month end" else _months
        return DatetimeIndex([self.first + offset(step * self.count) for step in range(steps)])


def find_frequency(moments: DatetimeIndex, *, column: str) -> tuple[Frequency, NDArray[np.int64]]:
    """Return the largest step that meets all times, sorted and different, and each time's number of steps.

    Months are counted where all times share the day of the month, or all are its last; business days where none falls
    on a weekend and that leaves fewer gaps than days; otherwise seconds.
    Raises tasks.errors.AnalysisError if fewer than seven in ten of the steps have a value, or steps are below a second.
    """
    found = [_counted(moments, unit) for unit in _units(moments)]
    frequency, positions = max(found, key=lambda each: _filled(each[1]))
    if _filled(positions) < LEAST_FILLED:
        raise AnalysisError(_irregular(moments, column))
    # Parts of a second were cut off while counting.
    if (frequency.times(int(positions[-1]) + 1)[positions] != moments).any():
        raise AnalysisError(_irregular(moments, column))
    return frequency, positions


def _months(count: int) -> pd.DateOffset:
    return pd.DateOffset(months=count)


def _units(moments: DatetimeIndex) -> list[Unit]:
    """Return the units in which the times may be regular; the first of equally good ones is taken."""
    units: list[Unit] = []
    same_clock = len((moments - moments.normalize()).unique()) == 1
    if same_clock and len(moments.day.unique()) == 1:
        units.append("month")
    if same_clock and bool(moments.is_month_end.all()):
        units.append("month end")
    units.append("second")
    if bool((moments == moments.normalize()).all() and (moments.day_of_week < 5).all()):
        units.append("business day")
    return units


def _counted(moments: DatetimeIndex, unit: Unit) -> tuple[Frequency, NDArray[np.int64]]:
    if unit in ("month", "month end"):
        numbers = np.asarray(moments.year * 12 + moments.month, dtype=np.int64)
    elif unit == "business day":
        dates = moments.to_numpy().astype("datetime64[D]")
        numbers = np.busday_count(dates[0], dates).astype(np.int64)
    else:
        numbers = moments.to_numpy().astype("datetime64[s]").astype(np.int64)
    since = numbers - numbers[0]
    step = max(int(np.gcd.reduce(since)), 1)
    return Frequency(first=moments[0], unit=unit, count=step), since // step


def _filled(positions: NDArray[np.int64]) -> float:
    return len(positions) / (int(positions[-1]) + 1)


def _irregular(moments: DatetimeIndex, column: str) -> str:
    steps = [later - earlier for earlier, later in pairwise(moments)]
    shortest, longest = min(steps), max(steps)
    return (
        f"The times in {column!r} keep no regular step: neighbours are {_spoken(shortest)} to {_spoken(longest)} "
        "apart. Bring them to one value per hour, day, week or month (a sum or a mean), and send that."
    )


def _spoken(step: pd.Timedelta) -> str:
    seconds = step.total_seconds()
    unit = next((unit for unit in ("day", "hour", "minute") if seconds >= SPOKEN[unit]), "second")
    number = f"{seconds / SPOKEN[unit]:.3g}"
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"
