"""The values tried of a column as a figure shows them."""

import altair as alt

from tasks.data.plain import shortened
from tasks.train.dependence import Dependence

_DAY_MS = 86_400_000


def drawn_values(dependence: Dependence) -> list[float] | list[str]:
    """Return them for an axis that `axis_of` makes: dates as milliseconds since 1970, categories as text."""
    if dependence.kind == "date":
        return [float(round(float(day) * _DAY_MS)) for day in dependence.grid]
    return dependence.grid if dependence.kind == "numeric" else labels(dependence)


def axis_of(dependence: Dependence) -> alt.X:
    """Return the axis of field `x`: of time, of numbers, or of categories in the order tried."""
    title = shortened(dependence.feature)
    if dependence.kind == "date":
        return alt.X("x:T", title=title, scale=alt.Scale(type="utc"))
    if dependence.kind == "numeric":
        return alt.X("x:Q", title=title, scale=alt.Scale(zero=False))
    return alt.X("x:N", sort=labels(dependence), title=title)


def labels(dependence: Dependence) -> list[str]:
    """Return them as different texts: numbers with as few digits as that takes, dates without the time."""
    if dependence.kind == "numeric":
        return _shortest(dependence.grid)
    if dependence.kind == "boolean":
        return ["true" if value else "false" for value in dependence.grid]
    if dependence.kind == "date":
        days = [str(value)[:10] for value in dependence.values]
        return days if len(set(days)) == len(days) else [str(value) for value in dependence.values]
    return [str(value) for value in dependence.values]


def _shortest(numbers: list[float] | list[str]) -> list[str]:
    for digits in (3, 4, 5, 6, 8, 11):
        texts = [f"{float(number):.{digits}g}" for number in numbers]
        if len(set(texts)) == len(texts):
            return texts
    return [repr(number) for number in numbers]
