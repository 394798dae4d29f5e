"""How sure a mean over folds is: folds share training rows, so their spread alone says too little."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

#: What the intervals of results are, in words.
METHOD = "95 % corrected resampled t interval over the folds (Nadeau & Bengio 2003)"
#: Coverage of the intervals.
LEVEL = 0.95


def corrected_error(values: Sequence[float], *, test_to_train: float) -> float:
    """Return the standard error of the mean of at least two folds' values, in their unit.

    The variance of the folds (n - 1) times 1/n plus the rows of a test part per row of a training part, which stands
    for the training rows that folds share.

    Source: Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52 (2003), 239-281;
    https://scikit-learn.org/stable/auto_examples/model_selection/plot_grid_search_stats.html
    """
    return float(np.sqrt(np.var(values, ddof=1) * (1 / len(values) + test_to_train)))


def mean_interval(values: Sequence[float], *, test_to_train: float) -> tuple[float, float] | None:
    """Return the lower and upper end of the 95 % interval of the mean; None for a single or an undefined value."""
    if len(values) < 2 or not np.isfinite(values).all():
        return None
    reach = float(student.ppf((1 + LEVEL) / 2, df=len(values) - 1)) * corrected_error(
        values, test_to_train=test_to_train
    )
    mean = float(np.mean(values))
    return mean - reach, mean + reach
