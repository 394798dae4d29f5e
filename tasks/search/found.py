"""All that a search has found, for its report and its figures."""

from dataclasses import dataclass

from tasks.search.params import Method
from tasks.search.plan import Plan
from tasks.search.trial import LOWER_IS_BETTER, Trial, ranked
from tasks.train.choices import Estimator
from tasks.train.folds import FittedFold
from tasks.train.prepared import Prepared


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was asked, and what came of it."""

    prepared: Prepared
    plan: Plan
    estimator: Estimator
    method: Method
    #: The last trial of each candidate that was tried, in the order drawn.
    trials: list[Trial]
    #: The estimator's defaults on the same folds.
    defaults: Trial
    #: The best candidate on the holdout; None without.
    final: FittedFold | None
    partial: bool

    @property
    def best(self) -> Trial:
        """The best candidate."""
        return ranked(self.trials)[0][1]

    @property
    def higher_is_better(self) -> bool:
        """Of the metric that decides."""
        return self.plan.metric not in LOWER_IS_BETTER
