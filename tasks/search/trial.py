"""One candidate on the folds: what it scored, or why it could not be fitted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf, isnan
from typing import Self

import numpy as np

from tasks.data.plain import plain_number
from tasks.search.space import Settings
from tasks.train.folds import FittedFold

#: Metrics of which less is better.
LOWER_IS_BETTER = frozenset({"log_loss", "rmse", "mae", "median_ae"})


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What the folds have shown of one candidate."""

    #: In the order drawn, from 1; 0 for the estimator's defaults.
    number: int
    settings: Settings
    #: The metric that the search is by.
    metric: str
    #: What halving gave it, rows or trees; None without halving.
    resource: int | None = None
    #: Every metric by name, one entry per fold.
    folds: tuple[Mapping[str, float], ...] = ()
    converged: tuple[bool, ...] = ()
    #: Why it could not be fitted; None if it could.
    error: str | None = None

    def with_fold(self, fold: FittedFold) -> Self:
        """Return the trial with what one more fold has shown."""
        return replace(self, folds=(*self.folds, fold.scores), converged=(*self.converged, fold.converged))

    def failed(self, error: str) -> Self:
        """Return the trial without folds and with what stood against it."""
        return replace(self, folds=(), converged=(), error=error)

    @property
    def scores(self) -> list[float]:
        """The search's metric, one value per fold."""
        return [fold[self.metric] for fold in self.folds]

    @property
    def score(self) -> float:
        """Their mean; NaN if it could not be fitted or the metric is undefined."""
        return float(np.mean(self.scores)) if self.folds else float("nan")

    @property
    def std(self) -> float:
        """Their population standard deviation, or NaN."""
        return float(np.std(self.scores)) if self.folds else float("nan")

    @property
    def goodness(self) -> float:
        """The mean such that more is better; minus infinity without one."""
        if isnan(self.score):
            return -inf
        return -self.score if self.metric in LOWER_IS_BETTER else self.score

    def metrics(self) -> dict[str, dict[str, float | None]]:
        """Return mean and population standard deviation of every metric; {} if it could not be fitted."""
        if not self.folds:
            return {}
        return {
            name: {
                "mean": plain_number(float(np.mean([fold[name] for fold in self.folds]))),
                "std": plain_number(float(np.std([fold[name] for fold in self.folds]))),
            }
            for name in self.folds[0]
        }


def ranked(trials: list[Trial]) -> list[tuple[int, Trial]]:
    """Return the trials with their ranks, the best first: more of the resource, then the score; equal ones share it."""
    ordered = sorted(trials, key=rank_key)
    ranks: list[tuple[int, Trial]] = []
    for position, trial in enumerate(ordered, start=1):
        is_equal = position > 1 and rank_key(trial) == rank_key(ordered[position - 2])
        ranks.append((ranks[-1][0] if is_equal else position, trial))
    return ranks


def rank_key(trial: Trial) -> tuple[int, float]:
    """Return what trials are ranked by: more of the resource first, then the better score."""
    return -(trial.resource or 0), -trial.goodness
