"""Which columns move together, so that their effects can't be told apart."""

from collections.abc import Sequence
from itertools import combinations

from tasks.train.features import Features

#: Least absolute rank correlation that is worth a note.
STRONG = 0.8


def columns_that_move_together(features: Features, names: Sequence[str]) -> list[tuple[str, str, float]]:
    """Return those of the columns of numbers and dates whose rank correlation (Spearman) is strong, strongest first."""
    numbers = [name for name in names if name in features.numeric or name in features.dates]
    correlations = features.table[numbers].corr(method="spearman")
    pairs = [(one, other, float(correlations.loc[one, other])) for one, other in combinations(numbers, 2)]
    strong = [pair for pair in pairs if abs(pair[2]) >= STRONG]
    return sorted(strong, key=lambda pair: -abs(pair[2]))
