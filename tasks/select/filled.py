"""The table without gaps, one number per cell, for measures that look at one column at a time."""

import numpy as np
from numpy.typing import NDArray
from pandas import factorize

from tasks.train.features import Features


def fill(features: Features) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the columns of `features.table` as numbers, and for each whether its numbers are only names.

    Gaps get the median, or the most frequent value of booleans and categories; categories are numbered, dates are days.
    """
    table = features.table
    discrete = [name in features.boolean or name in features.categorical for name in table.columns]
    columns = []
    for name, is_discrete in zip(table.columns, discrete, strict=True):
        column = table[name]
        filled = column.fillna(column.mode().iloc[0] if is_discrete else column.median())
        columns.append(factorize(filled, sort=True)[0] if name in features.categorical else filled.to_numpy())
    return np.column_stack(columns).astype(np.float64), np.array(discrete, dtype=np.bool_)
