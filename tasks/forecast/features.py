"""What the model learns from: lags of the series up to an origin, the step ahead, and the calendar of its time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DatetimeIndex

#: How many changes up to the origin the model sees.
LAGS = 6
#: How many changes against the season before it sees.
SEASONAL_LAGS = 3

Values = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Design:
    """Pairs of an origin and a step ahead, as rows."""

    #: One row per pair; NaN nowhere.
    matrix: Values
    #: The value that each pair would repeat: the same place in the last season known at the origin.
    anchors: Values
    #: The place in the series that each pair is about.
    targets: Places


@dataclass(frozen=True, kw_only=True)
class Lagged:
    """A series and its calendar, from which designs are made."""

    #: Values up to the last one that may be known.
    values: Values
    #: Calendar columns for every time, those to be forecast included.
    calendar: Values
    calendar_names: tuple[str, ...]
    season: int

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in the order of the columns."""
        seasonal = (
            "same place in the last season, against the last value",
            "same place in the last season, against the season before",
            *(f"lag {lag}, against the season before" for lag in range(SEASONAL_LAGS)),
            "mean of the last season, against the season before",
        )
        lags = tuple(f"last value, against lag {lag}" for lag in range(1, LAGS + 1))
        return ("step", "last value", *lags, *(seasonal if self.season > 1 else ()), *self.calendar_names)

    def design(self, origins: Places, steps: Places) -> Design:
        """Return every pair of an origin (place of the last known value, at least `first_origin`) and a step."""
        at = np.repeat(origins, len(steps))
        ahead = np.tile(steps, len(origins))
        anchor_places = at + ahead - self.season * -(-ahead // self.season)
        anchors = self.values[anchor_places]
        columns = [ahead, self.values[at], *(self.values[at] - self.values[at - lag] for lag in range(1, LAGS + 1))]
        if self.season > 1:
            columns += self._seasonal(at, anchor_places)
        return Design(
            matrix=np.column_stack([*columns, self.calendar[at + ahead]]).astype(np.float64),
            anchors=anchors,
            targets=at + ahead,
        )

    def _seasonal(self, at: Places, anchor_places: Places) -> list[Values]:
        values, season = self.values, self.season
        sums = np.concatenate([[0.0], np.cumsum(values)])
        last, before = (sums[at + 1 - back] - sums[at + 1 - back - season] for back in (0, season))
        return [
            values[anchor_places] - values[at],
            values[anchor_places] - values[anchor_places - season],
            *(values[at - lag] - values[at - lag - season] for lag in range(SEASONAL_LAGS)),
            (last - before) / season,
        ]


def first_origin(season: int) -> int:
    """Return the first place in a series with all lags before it."""
    return max(LAGS, 2 * season - 1, season + SEASONAL_LAGS - 1) if season > 1 else LAGS


def calendar_of(times: DatetimeIndex, *, in_months: bool) -> tuple[Values, tuple[str, ...]]:
    """Return what of the calendar varies over the times, one column each, and the names.

    Of steps that are whole months only the month counts: on which weekday a month begins says nothing.
    """
    columns = {"month": times.month}
    if not in_months:
        columns = {
            "hour": times.hour + times.minute / 60,
            "day of week": times.day_of_week,
            "day of month": times.day,
            "day of year": times.day_of_year,
        }
    varying = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items() if column.nunique() > 1}
    matrix = np.column_stack([*varying.values()]) if varying else np.empty((len(times), 0))
    return matrix, tuple(varying)
