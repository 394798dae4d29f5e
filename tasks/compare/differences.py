"""By how much an estimator differs from the best one, fold by fold, and whether chance explains it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from tasks.train.intervals import corrected_error, mean_interval


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An estimator minus the best one, in the primary metric."""

    mean: float
    #: Ends of the 95 % interval, and the two-sided p value of no difference; None where all folds differ by the same.
    interval: tuple[float, float] | None
    p: float | None

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]

    def as_dict(self, *, comparisons: int) -> dict[str, object]:
        """Return it as a result reports it; `comparisons` is how many differences are looked at together."""
        return {
            "mean": self.mean,
            "interval": None if self.interval is None else list(self.interval),
            "p": self.p,
            "p_adjusted": None if self.p is None else min(1.0, self.p * comparisons),
        }


def paired_difference(values: Sequence[float], best: Sequence[float], *, test_to_train: float) -> Difference:
    """Return the difference of two estimators' scores on the same folds by the corrected resampled t test.

    Source: Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52 (2003), 239-281;
    https://scikit-learn.org/stable/auto_examples/model_selection/plot_grid_search_stats.html
    """
    differences = np.subtract(values, best)
    mean = float(differences.mean())
    error = corrected_error(differences.tolist(), test_to_train=test_to_train)
    if error == 0:
        return Difference(mean=mean, interval=None, p=None)
    return Difference(
        mean=mean,
        interval=mean_interval(differences.tolist(), test_to_train=test_to_train),
        p=float(2 * student.sf(abs(mean / error), df=len(differences) - 1)),
    )
