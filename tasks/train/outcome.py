"""What the folds have shown together: metrics, confusion, and what was predicted for rows while out of fold."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from tasks.train.folds import FittedFold
from tasks.train.metrics import Values
from tasks.train.parts import Rows
from tasks.train.target import Target

#: Most classes that curves are drawn of; as many as there are colours to tell apart.
MOST_SHOWN_CLASSES = 8


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What was predicted for the test part of one fold."""

    rows: Rows
    values: Values
    #: Probabilities of the shown classes, rows by classes, and the highest one of each row; None for a regression.
    shown: NDArray[np.float64] | None
    confidence: NDArray[np.float64] | None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The folds that were run, one entry per fold."""

    target: Target
    #: Metrics of the model and of the baseline.
    model: list[dict[str, float]] = field(default_factory=list)
    baseline: list[dict[str, float]] = field(default_factory=list)
    #: Whether the model's fit converged.
    converged: list[bool] = field(default_factory=list)
    #: Drops of the primary metric, columns by shuffles; empty if they were not asked for.
    drops: list[NDArray[np.float64]] = field(default_factory=list)
    tested: list[Tested] = field(default_factory=list)

    def add(self, fold: FittedFold) -> None:
        """Take in one fold; its model is not kept."""
        self.model.append(fold.scores)
        self.baseline.append(fold.baseline)
        self.converged.append(fold.converged)
        probabilities = fold.predicted.probabilities
        self.tested.append(
            Tested(
                rows=fold.test,
                values=fold.predicted.values,
                shown=None if probabilities is None else probabilities[:, shown_classes(self.target)],
                confidence=None if probabilities is None else probabilities.max(axis=1),
            )
        )

    @property
    def truth(self) -> Values:
        """The true value of every tested row, in the order of the folds; the others below are in this order too."""
        values: Values = self.target.values[np.concatenate([fold.rows for fold in self.tested])]
        return values

    @property
    def values(self) -> Values:
        """The predicted value of every tested row."""
        return np.concatenate([fold.values for fold in self.tested])

    @property
    def shown(self) -> NDArray[np.float64]:
        """The probabilities of the shown classes, rows by classes."""
        return np.concatenate([fold.shown for fold in self.tested if fold.shown is not None])

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The highest probability of every row."""
        return np.concatenate([fold.confidence for fold in self.tested if fold.confidence is not None])

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Counts over the test parts, actual classes by predicted ones."""
        counts: NDArray[np.int64] = confusion_matrix(self.truth, self.values, labels=range(len(self.target.classes)))
        return counts


def shown_classes(target: Target) -> list[int]:
    """Return the positions of the classes that curves are drawn of: the second of two, or those with the most rows."""
    if len(target.classes) == 2:
        return [1]
    counts = np.bincount(target.values, minlength=len(target.classes))
    most = np.argsort(-counts, kind="stable")[:MOST_SHOWN_CLASSES]
    return sorted(most.tolist())
