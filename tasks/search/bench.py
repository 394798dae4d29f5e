"""Where candidates are tried: the same table and folds for all of them, one fit after the other, each reported."""

from dataclasses import dataclass
from math import isnan

import numpy as np

from tasks.data.plain import shortened
from tasks.errors import AnalysisError
from tasks.job import Job
from tasks.search.space import Settings
from tasks.search.trial import Trial, rank_key
from tasks.train.choices import Estimator
from tasks.train.folds import FittedFold, run_fold
from tasks.train.model import build_model
from tasks.train.parts import Fold
from tasks.train.prepared import Prepared
from tasks.train.splits import Splits

#: What an estimator raises for parameters that it can't be fitted with.
UNFIT = (ValueError, TypeError, ArithmeticError)


@dataclass(kw_only=True)
class Bench:
    """Tries candidates and tells the job of each fit."""

    prepared: Prepared
    estimator: Estimator
    metric: str
    job: Job
    #: How often something is to be tried on the folds, the defaults included, and how often it was.
    runs: int
    done: int = 0
    #: The last candidate and the best one; the defaults are none.
    last: Trial | None = None
    best: Trial | None = None

    def run(
        self, settings: Settings, *, number: int, stage: str, splits: Splits, resource: int | None = None
    ) -> Trial | None:
        """Return what the folds of these splits show; None if the job was asked to finish meanwhile.

        Nothing is given up before the first candidate is done. Parameters that the estimator can't be fitted with are
        the trial's error.
        """
        trial = Trial(number=number, settings=settings, metric=self.metric, resource=resource)
        count = len(splits.folds)
        for position, fold in enumerate(splits.folds, start=1):
            trial = self._with_fold(trial, splits, fold)
            if trial.error is not None or position == count:
                break
            self._tell(f"{stage}, fold {position} of {count}", at_hand=position / count)
            if self.is_to_finish():
                return None
        self._settle(trial)
        self._tell(stage)
        return trial

    def judge_finally(self, trial: Trial) -> FittedFold:
        """Return what the candidate, fitted to all rows of the search, shows on the holdout."""
        splits = self.prepared.splits
        return self._fit(trial.settings, splits, fold=(splits.learned, splits.held_out))

    def is_to_finish(self) -> bool:
        """Whether to stop here with the best so far."""
        return self.best is not None and self.job.should_finish()

    def _with_fold(self, trial: Trial, splits: Splits, fold: Fold) -> Trial:
        """Return the trial with one more fold, or with what stood against it."""
        try:
            return trial.with_fold(self._fit(trial.settings, splits, fold=fold))
        except UNFIT as error:
            if not trial.number:
                # The defaults fit whatever can be learned from; it is not their parameters that are at fault.
                raise
            return trial.failed(shortened(" ".join(str(error).split()) or type(error).__name__))

    def _fit(self, settings: Settings, splits: Splits, *, fold: Fold) -> FittedFold:
        features, target = self.prepared.features, self.prepared.target
        model = build_model(features, target, splits, estimator=self.estimator, seed=self.job.seed, settings=settings)
        # A candidate may diverge; its score says so.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return run_fold(model, features, target, fold=fold)

    def _settle(self, trial: Trial) -> None:
        self.done += 1
        if not trial.number:
            return
        self.last = trial
        if self.best is None or rank_key(trial) < rank_key(self.best):
            self.best = trial

    def _tell(self, stage: str, *, at_hand: float = 0.0) -> None:
        """Report the share that is done, with a share of the candidate at hand, and the scores so far."""
        curve = {"last": self.last, "best": self.best}
        scores = {name: trial.score for name, trial in curve.items() if trial is not None and not isnan(trial.score)}
        self.job.progress((self.done + at_hand) / self.runs, stage, scores=scores or None)


def refuse_if_none(trials: list[Trial]) -> None:
    """Raise tasks.errors.AnalysisError if none of the trials could be fitted and scored."""
    if all(trial.error is not None for trial in trials):
        raise AnalysisError(f"No candidate can be fitted. The first one: {trials[0].error}")
    if all(isnan(trial.score) for trial in trials):
        raise AnalysisError(
            f"The metric {trials[0].metric!r} is undefined for these test parts, which lack a class. "
            "Choose another metric, or another split."
        )
