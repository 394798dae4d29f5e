"""What sets a group apart from the other rows: means of numbers that differ, categories it has more of."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, factorize

from tasks.cluster.grouping import Labels
from tasks.data.kinds import Kind, kind_of
from tasks.data.plain import plain_cell, plain_number, shortened

#: Most traits of one group, and how many of them its summary names.
MOST_TRAITS, NAMED_TRAITS = 10, 3
#: Effects below are not worth a mention; Cohen (1988) calls 0.2 small.
SMALLEST_EFFECT = 0.2


@dataclass(frozen=True, kw_only=True)
class Categories:
    """One column of categories or booleans."""

    column: str
    #: The position in `values` of each row, -1 for a missing cell.
    codes: NDArray[np.int64]
    values: Sequence[object]


@dataclass(frozen=True, kw_only=True)
class Trait:
    """One way in which a group differs from the other rows."""

    column: str
    kind: Literal["numeric", "categorical"]
    #: Cohen's d or h; infinite where numbers differ without any spread.
    effect: float
    #: What else the result says of it.
    details: dict[str, object]
    #: The same in words.
    words: str

    def as_dict(self) -> dict[str, object]:
        """Return what a result reports."""
        return {"column": self.column, "kind": self.kind, "effect": plain_number(self.effect), **self.details}


def categories_of(data: DataFrame, *, exclude: Sequence[str]) -> list[Categories]:
    """Return the columns of categories and booleans, but the excluded ones."""
    chosen = [name for name in data.columns if name not in exclude]
    return [_coded(data[name]) for name in chosen if kind_of(data[name]) in (Kind.CATEGORICAL, Kind.BOOLEAN)]


def traits_of(numbers: DataFrame, categories: Sequence[Categories], labels: Labels, cluster: int) -> list[Trait]:
    """Return what sets the group apart, the strongest first.

    Numbers are compared by Cohen's d, group against others; shares of categories by Cohen's h, where the group has
    more. Source: Cohen (1988), Statistical power analysis for the behavioral sciences, chapters 2 and 6.
    """
    inside = labels == cluster
    if not inside.any() or inside.all():
        return []
    traits = _numeric_traits(numbers, inside)
    for column in categories:
        traits += _categorical_traits(column, inside)
    strong = [trait for trait in traits if abs(trait.effect) >= SMALLEST_EFFECT]
    return sorted(strong, key=lambda trait: abs(trait.effect), reverse=True)[:MOST_TRAITS]


def summary_of(size: int, share: float, traits: Sequence[Trait]) -> str:
    """Return the group's size and its strongest traits in words."""
    named = "; ".join(trait.words for trait in traits[:NAMED_TRAITS])
    return f"{size:,} rows ({share:.0%}): {named or 'nothing sets it apart'}."


def _coded(column: Series) -> Categories:
    codes, values = factorize(column.astype(object))
    return Categories(column=str(column.name), codes=codes.astype(np.int64), values=list(values))


def _numeric_traits(numbers: DataFrame, inside: NDArray[np.bool_]) -> list[Trait]:
    matrix = numbers.to_numpy()
    own, others = matrix[inside], matrix[~inside]
    squares = own.var(axis=0) * len(own) + others.var(axis=0) * len(others)
    differences = own.mean(axis=0) - others.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        effects = differences / np.sqrt(squares / max(len(matrix) - 2, 1))
    return [
        _numeric_trait(str(name), float(effects[at]), mean=float(own[:, at].mean()), other=float(others[:, at].mean()))
        for at, name in enumerate(numbers.columns)
        if differences[at] != 0
    ]


def _numeric_trait(column: str, effect: float, *, mean: float, other: float) -> Trait:
    level = "high" if mean > other else "low"
    return Trait(
        column=column,
        kind="numeric",
        effect=effect,
        details={"mean": mean, "mean_of_others": other},
        words=f"{column} {level} ({mean:.4g}, others {other:.4g})",
    )


def _categorical_traits(column: Categories, inside: NDArray[np.bool_]) -> list[Trait]:
    present = column.codes >= 0
    own = np.bincount(column.codes[present & inside], minlength=len(column.values))
    others = np.bincount(column.codes[present & ~inside], minlength=len(column.values))
    if not own.sum() or not others.sum():
        return []
    share, of_others = own / own.sum(), others / others.sum()
    of_all = (own + others) / (own.sum() + others.sum())
    return [
        _categorical_trait(
            column.column, column.values[at], share=float(share[at]), other=float(of_others[at]), all_=float(of_all[at])
        )
        for at in np.flatnonzero(share > of_others).tolist()
    ]


def _categorical_trait(column: str, value: object, *, share: float, other: float, all_: float) -> Trait:
    spoken = str(value).lower() if isinstance(value, bool) else shortened(str(value))
    return Trait(
        column=column,
        kind="categorical",
        effect=2 * asin(sqrt(share)) - 2 * asin(sqrt(other)),
        details={"value": plain_cell(value), "share": share, "share_of_all": all_, "lift": share / all_},
        words=f"{column} is {spoken} ({share:.0%}, of all rows {all_:.0%})",
    )
