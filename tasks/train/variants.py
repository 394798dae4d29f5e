"""Predictions for many variants of a table in few calls: small tables cost a model far more per call than per row."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, concat

#: About so many rows are predicted in one call.
ROWS_OF_A_CALL = 20_000

Predicted = NDArray[np.float64]


def predict_each(predict: Callable[[DataFrame], Predicted], variants: Iterable[DataFrame]) -> Iterator[Predicted]:
    """Yield what a model predicts for each table, in their order; the tables have the same columns."""
    waiting: list[DataFrame] = []
    for variant in variants:
        waiting.append(variant)
        if sum(map(len, waiting)) >= ROWS_OF_A_CALL:
            yield from _predicted(predict, waiting)
            waiting = []
    if waiting:
        yield from _predicted(predict, waiting)


def _predicted(predict: Callable[[DataFrame], Predicted], tables: list[DataFrame]) -> Iterator[Predicted]:
    ends = np.cumsum([len(table) for table in tables])
    yield from np.split(predict(concat(tables, ignore_index=True)), ends[:-1])
