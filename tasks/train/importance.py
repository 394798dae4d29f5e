"""Which columns a model needs: how much its metric drops when one is shuffled, on rows it has not learned from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from tasks.train.features import Features
from tasks.train.folds import FittedFold
from tasks.train.metrics import primary_score
from tasks.train.target import Target
from tasks.train.variants import predict_each

#: Shuffles of each column, over all folds together; at least one a fold.
SHUFFLES = 10
#: Most rows of a test part that are predicted again for each shuffle.
MOST_ROWS = 1_000


@dataclass(frozen=True, kw_only=True)
class Importance:
    """How much one column matters."""

    feature: str
    #: Mean drop of the primary metric over folds and shuffles; about 0 or below where the column does not help.
    mean: float
    #: Standard deviation (population) of the drops.
    std: float

    def as_dict(self) -> dict[str, object]:
        """Return it as a result reports it."""
        return {"feature": self.feature, "mean": self.mean, "std": self.std}


def importance_of_fold(
    fold: FittedFold, features: Features, target: Target, *, folds: int, seed: int
) -> NDArray[np.float64]:
    """Return the drops of the primary metric on the fold's test part, columns by shuffles.

    A column is shuffled as the table has it, so all that it is encoded into moves together; all columns are shuffled
    alike, as scikit-learn's `permutation_importance` does it. Of larger test parts 1,000 rows are drawn at random.
    Source: Breiman (2001), https://scikit-learn.org/stable/modules/permutation_importance.html
    """
    chance = np.random.RandomState(seed)
    rows = fold.test
    if len(rows) > MOST_ROWS:
        rows = np.sort(chance.choice(rows, size=MOST_ROWS, replace=False))
    table, truth = features.table.iloc[rows], target.values[rows]
    shuffles = _shuffles(len(rows), ceil(SHUFFLES / folds), chance)
    unshuffled = primary_score(truth, fold.model.predict(table), problem=target.problem)
    scores = [
        primary_score(truth, values, problem=target.problem)
        for values in predict_each(fold.model.predict, _shuffled_tables(table, shuffles))
    ]
    return unshuffled - np.array(scores).reshape(len(table.columns), len(shuffles))


def ranked_importance(features: Features, drops: Sequence[NDArray[np.float64]]) -> list[Importance]:
    """Return the columns from the most to the least important, equal ones in the order of the table."""
    every = np.hstack(drops)
    measured = [
        Importance(feature=str(name), mean=float(every[column].mean()), std=float(every[column].std()))
        for column, name in enumerate(features.table.columns)
    ]
    return sorted(measured, key=lambda importance: -importance.mean)


def _shuffles(rows: int, count: int, chance: np.random.RandomState) -> list[NDArray[np.int64]]:
    """Return orders of the rows; drawn as scikit-learn draws them, each from the one before, so that both agree."""
    generator = np.random.RandomState(chance.randint(np.iinfo(np.int32).max + 1))
    drawn, order = np.arange(rows), np.arange(rows)
    orders = []
    for _ in range(count):
        generator.shuffle(drawn)
        order = order[drawn]
        orders.append(order)
    return orders


def _shuffled_tables(table: DataFrame, shuffles: Sequence[NDArray[np.int64]]) -> Iterator[DataFrame]:
    for name in table.columns:
        for order in shuffles:
            yield table.assign(**{name: table[name].array[order]})
