"""What a fitted model says of rows that are made up: one number each, of the class in question."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from sklearn.base import BaseEstimator

#: Most rows that are predicted at once; a model needs some memory for each.
MOST_AT_ONCE = 20_000


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """A fitted model, and which of its outputs counts."""

    model: BaseEstimator
    #: Position of the class whose probability counts; None for a regression.
    of_class: int | None

    def __call__(self, table: DataFrame) -> NDArray[np.float64]:
        """Return the probability of the class, or the prediction in the target's unit, one per row."""
        parts = [table.iloc[start : start + MOST_AT_ONCE] for start in range(0, len(table), MOST_AT_ONCE)]
        return np.concatenate([self._part(part) for part in parts])

    def grid(self, table: DataFrame, settings: DataFrame) -> NDArray[np.float64]:
        """Return settings by rows: the predictions if the rows of the table had these values in these columns."""
        repeated = table.iloc[np.tile(np.arange(len(table)), len(settings))].reset_index(drop=True)
        each = np.repeat(np.arange(len(settings)), len(table))
        given = settings.astype({name: table[name].dtype for name in settings.columns}).iloc[each]
        repeated[settings.columns] = given.reset_index(drop=True)
        return self(repeated).reshape(len(settings), len(table))

    def _part(self, table: DataFrame) -> NDArray[np.float64]:
        if self.of_class is None:
            return np.asarray(self.model.predict(table), dtype=np.float64)
        probabilities = self.model.predict_proba(table)
        # A class that the model has not seen has probability 0.
        seen = np.flatnonzero(self.model.classes_ == self.of_class)
        return probabilities[:, seen[0]] if len(seen) else np.zeros(len(table))
