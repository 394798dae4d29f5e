"""Columns that need a look before anything is computed with them: nothing in them, too much, or what others hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from pandas import DataFrame, Series, factorize
from pandas.api.types import is_numeric_dtype
from pandas.util import hash_array

from tasks.data.kinds import Kind
from tasks.train.features import IDENTIFIER_NAME

#: A column is nearly constant from this share of one value on, mostly missing from this share of gaps on.
NEARLY_CONSTANT, MOSTLY_MISSING = 0.995, 0.5
#: Fewest rows, or values, for which being all different, nearly all the same or like another column is no accident.
FEWEST = 20
#: Numbers that are correlated so strongly say the same.
SAME_CORRELATION = 0.999


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """One thing that is odd about a column."""

    column: str
    #: A code, such as `constant`.
    reason: str
    #: The same in words.
    words: str
    #: The column that it has to do with, or None.
    other: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return what a result reports."""
        return {"column": self.column, "reason": self.reason, "other": self.other, "words": self.words}


def suspicions_of(
    table: DataFrame,
    kinds: Mapping[str, Kind],
    profiles: Sequence[Mapping[str, Any]],
    correlations: Mapping[str, Any],
) -> list[Suspicion]:
    """Return what is odd, column by column, then pair by pair."""
    alone = [found for profile in profiles for found in _alone(profile)]
    alone += [found for name, kind in kinds.items() if (found := _identifier(table[name], kind))]
    if len(table) < FEWEST:
        return alone
    twins = _twins(table, kinds)
    known = {frozenset((twin.column, str(twin.other))) for twin in twins}
    moving = [one for one in _moving_together(correlations) if frozenset((one.column, str(one.other))) not in known]
    return [*alone, *twins, *moving]


def _alone(profile: Mapping[str, Any]) -> list[Suspicion]:
    """Return what is odd about a column by its profile alone."""
    name, kind = profile["column"], profile["kind"]
    if kind == Kind.EMPTY:
        return [Suspicion(column=name, reason="no_values", words=f"{name} has no values.")]
    found = []
    if kind == Kind.MIXED:
        found.append(Suspicion(column=name, reason="mixed", words=f"{name} mixes kinds: {profile['mixture']}."))
    if profile["unique"] == 1:
        found.append(Suspicion(column=name, reason="constant", words=f"{name} has the same value in every row."))
    if profile["missing_share"] >= MOSTLY_MISSING:
        words = f"{name} is missing in {profile['missing_share']:.0%} of the rows."
        found.append(Suspicion(column=name, reason="mostly_missing", words=words))
    if profile.get("looks_numeric"):
        words = f"{name} holds numbers written as text; send them as numbers, with a decimal point."
        found.append(Suspicion(column=name, reason="numbers_as_text", words=words))
    if profile.get("infinite"):
        found.append(Suspicion(column=name, reason="infinite", words=f"{name} holds infinite numbers."))
    return found


def _identifier(column: Series, kind: Kind) -> Suspicion | None:
    present = column.dropna()
    name = str(column.name)
    if len(present) < FEWEST or kind not in (Kind.NUMERIC, Kind.TEXT, Kind.CATEGORICAL, Kind.BOOLEAN):
        return None
    most = int(present.value_counts().iloc[0])
    if NEARLY_CONSTANT * len(present) <= most < len(present):
        words = f"{name} has the same value in {most:,} of {len(present):,} rows."
        return Suspicion(column=name, reason="nearly_constant", words=words)
    if kind == Kind.NUMERIC and (not (present % 1 == 0).all() or not IDENTIFIER_NAME.fullmatch(name)):
        return None
    if most == 1:
        return Suspicion(column=name, reason="identifier", words=f"{name} is different in every row: it names the row.")
    return None


def _twins(table: DataFrame, kinds: Mapping[str, Kind]) -> list[Suspicion]:
    """Return columns that hold what an earlier one holds: the same cells, or other names for them."""
    first: dict[bytes, str] = {}
    found = []
    for name, kind in kinds.items():
        if kind == Kind.EMPTY or table[name].nunique() < 2:
            continue
        other = first.setdefault(_print_of(table[name]), name)
        if other != name:
            found.append(_twin(table, name, other))
    return found


def _print_of(column: Series) -> bytes:
    """Return a print that columns share which split the rows alike; if every row differs, only if the cells do too."""
    codes, values = factorize(column.astype(object))
    if len(values) == len(column):
        cells = column.to_numpy(dtype=np.float64) if is_numeric_dtype(column.dtype) else column.to_numpy()
        return blake2b(hash_array(cells).tobytes()).digest()
    return blake2b(codes.astype(np.int64).tobytes()).digest()


def _twin(table: DataFrame, name: str, other: str) -> Suspicion:
    own, its = table[name].astype(object), table[other].astype(object)
    if bool(((own == its) | (own.isna() & its.isna())).all()):
        return Suspicion(column=str(name), reason="same_as", other=str(other), words=f"{name} equals {other}.")
    words = f"{name} says the same as {other} in other words: each value of one goes with one value of the other."
    return Suspicion(column=str(name), reason="renames", other=str(other), words=words)


def _moving_together(correlations: Mapping[str, Any]) -> list[Suspicion]:
    names, matrix = correlations["columns"], correlations["matrix"]
    return [
        Suspicion(
            column=names[at],
            reason="moves_with",
            other=names[other],
            words=f"{names[at]} and {names[other]} are correlated by {matrix[at][other]:+.4f}: they say the same.",
        )
        for at in range(len(names))
        for other in range(at)
        if matrix[at][other] is not None and abs(matrix[at][other]) >= SAME_CORRELATION
    ]
