"""The computing behind `train`: prepare the table, cross-validate, fit to all rows, and say what was learned."""

from collections.abc import Sequence
from typing import Literal

from pandas import DataFrame
from sklearn.base import BaseEstimator

from tasks.job import Job
from tasks.train.choices import Calibration, Estimator, Problem, Split
from tasks.train.drawing.figures import draw_figures
from tasks.train.final import judge_final
from tasks.train.folds import run_fold
from tasks.train.importance import Importance, importance_of_fold, ranked_importance
from tasks.train.metrics import PRIMARY_METRIC
from tasks.train.model import build_model
from tasks.train.outcome import Outcome
from tasks.train.prepared import Prepared, prepare
from tasks.train.report import report
from tasks.train.trained import Trained

#: How many of the most important columns the partial dependence is computed for.
DEPENDENCES = 4


def compute(
    data: DataFrame,
    job: Job,
    *,
    target: str,
    problem: Literal["auto"] | Problem,
    estimator: Estimator,
    folds: int,
    features: Sequence[str] | None,
    exclude: Sequence[str],
    split: Literal["auto"] | Split,
    group: str | None,
    time: str | None,
    holdout: float | None,
    calibrate: Calibration,
    importance: bool,
    partial_dependence: bool,
) -> dict[str, object]:
    """Return what `tasks.train.params.train` documents."""
    job.progress(0.0, "prepare")
    prepared = prepare(
        data,
        seed=job.seed,
        target=target,
        problem=problem,
        folds=folds,
        features=features,
        exclude=exclude,
        split=split,
        group=group,
        time=time,
        holdout=holdout,
    )
    return _learn(
        prepared,
        job,
        estimator=estimator,
        calibrate=calibrate,
        importance=importance,
        partial_dependence=partial_dependence,
    )


def _learn(
    prepared: Prepared,
    job: Job,
    *,
    estimator: Estimator,
    calibrate: Calibration,
    importance: bool,
    partial_dependence: bool,
) -> dict[str, object]:
    features, target, splits = prepared.features, prepared.target, prepared.splits
    model = build_model(features, target, splits, estimator=estimator, seed=job.seed, calibrate=calibrate)
    # Every fold is a step, and so are the model of all rows and the figures.
    folds = len(splits.folds)
    needs_final = len(splits.held_out) > 0 or (importance and partial_dependence)
    steps = folds + needs_final + 1
    outcome = _cross_validate(prepared, model, job, importance=importance, steps=steps)
    ranked = ranked_importance(features, outcome.drops) if importance else None
    partial = len(outcome.model) < folds or (needs_final and job.should_finish())
    final = None
    if needs_final and not partial:
        job.progress(folds / steps, "model of all rows")
        final = judge_final(prepared, model, job, columns=_most_important(ranked) if partial_dependence else [])
    job.progress(1 - 1 / steps, "figures")
    trained = Trained(
        estimator=estimator,
        calibrate=calibrate,
        prepared=prepared,
        outcome=outcome,
        importance=ranked,
        final=final,
        partial=partial,
    )
    draw_figures(trained, job)
    job.progress(1.0, "done")
    return report(trained)


def _cross_validate(prepared: Prepared, model: BaseEstimator, job: Job, *, importance: bool, steps: int) -> Outcome:
    """Fit and score fold after fold; asked to finish, stop after the one at hand."""
    outcome = Outcome(target=prepared.target)
    folds = prepared.splits.folds
    primary = PRIMARY_METRIC[prepared.target.problem]
    for number, parts in enumerate(folds, start=1):
        fold = run_fold(model, prepared.features, prepared.target, fold=parts)
        outcome.add(fold)
        if importance:
            drops = importance_of_fold(fold, prepared.features, prepared.target, folds=len(folds), seed=job.seed)
            outcome.drops.append(drops)
        job.progress(number / steps, f"fold {number} of {len(folds)}", scores={primary: fold.scores[primary]})
        if number < len(folds) and job.should_finish():
            break
    return outcome


def _most_important(ranked: Sequence[Importance] | None) -> list[str]:
    return [column.feature for column in (ranked or [])[:DEPENDENCES]]
