"""What the points of a map are coloured by: groups, amounts, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pandas import DataFrame, Series

from tasks.data.columns import finite_numbers
from tasks.data.kinds import Kind, as_dates, kind_of
from tasks.data.plain import shortened
from tasks.figures.style import CATEGORICAL, INK

#: Colours that are told apart on white and on dark pages; the next groups have them again, with another shape.
DISTINCT = CATEGORICAL[:6]
#: Shapes of points: for the first six groups, and for the next six.
SHAPES = ("circle", "triangle")
#: Most groups with a mark of their own; the others share the grey.
MOST_MARKED = len(DISTINCT) * len(SHAPES)
#: What rows of the other groups, and rows without a value, are called.
OTHERS, MISSING = "others", "no value"


@dataclass(frozen=True, kw_only=True)
class Colours:
    """One value a row, and how it is coloured."""

    kind: Literal["groups", "amounts", "dates"]
    title: str
    #: Texts for groups, numbers for amounts, milliseconds since 1970 for dates; NaN for no value.
    values: Series
    #: The groups in the order of the legend, the colour and the shape of each; empty for the other kinds.
    groups: tuple[str, ...] = ()
    palette: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()


def colour_groups(names: Sequence[str], *, title: str, grey: Sequence[str] = ()) -> Colours:
    """Return marks for one name a row: the twelve largest groups have their own, the others are grey."""
    values = Series(list(names), dtype=object)
    counts = values[~values.isin(list(grey))].value_counts()
    own = sorted(counts.index[:MOST_MARKED], key=_natural)
    values = values.where(values.isin([*own, *grey]), OTHERS)
    faded = [name for name in dict.fromkeys([OTHERS, *grey]) if (values == name).any()]
    return Colours(
        kind="groups",
        title=title,
        values=values,
        groups=(*own, *faded),
        palette=(*[DISTINCT[at % len(DISTINCT)] for at in range(len(own))], *[INK] * len(faded)),
        shapes=(*[SHAPES[at // len(DISTINCT)] for at in range(len(own))], *[SHAPES[0]] * len(faded)),
    )


def colour_column(data: DataFrame, name: str) -> Colours:
    """Return colours by a column: amounts of numbers, moments of dates, groups of anything else."""
    column = data[name].reset_index(drop=True)
    kind = kind_of(column)
    title = shortened(str(name))
    if kind == Kind.NUMERIC:
        return Colours(kind="amounts", title=title, values=finite_numbers(column))
    if kind == Kind.DATETIME:
        return Colours(kind="dates", title=title, values=_milliseconds(column))
    texts = [MISSING if missing else _spoken(cell) for cell, missing in zip(column, column.isna(), strict=True)]
    return colour_groups(texts, title=title, grey=(MISSING,))


def _milliseconds(column: Series) -> Series:
    moments = as_dates(column).dt.tz_localize(None).astype("datetime64[ms]")
    return moments.astype("int64").astype("float64").where(moments.notna())


def _spoken(cell: object) -> str:
    return str(cell).lower() if isinstance(cell, (bool, np.bool_)) else shortened(str(cell))


def _natural(name: str) -> tuple[int, int, str]:
    """Sort numbers by size, before texts."""
    return (0, int(name), "") if name.isdecimal() else (1, 0, name)
