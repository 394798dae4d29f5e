"""The computing behind `explain`: fit the model, then look into it step by step."""

from collections.abc import Sequence
from typing import Literal

from pandas import DataFrame

from tasks.explain.choice import class_in_question, refuse_unlearned
from tasks.explain.explanation import Explanation
from tasks.explain.figures import draw_figures
from tasks.explain.look import Look, look_into
from tasks.explain.report import report
from tasks.job import Job
from tasks.train.choices import Estimator, Problem
from tasks.train.folds import run_fold
from tasks.train.importance import importance_of_fold, ranked_importance
from tasks.train.model import build_model
from tasks.train.prepared import prepare

#: Folds that the rows would be split into; none of them is run, and two ask for the fewest rows.
FOLDS = 2
#: How many of the most important columns are looked into.
COLUMNS = 6
#: Share of the progress after the fit, and after the importance.
FITTED, RANKED = 0.2, 0.4


def compute(
    data: DataFrame,
    job: Job,
    *,
    target: str,
    problem: Literal["auto"] | Problem,
    estimator: Estimator,
    features: Sequence[str] | None,
    exclude: Sequence[str],
    columns: Sequence[str] | None,
    of_class: str | None,
    pair: Sequence[str] | None,
    ice: bool,
    interactions: bool,
    holdout: float,
    group: str | None,
    time: str | None,
) -> dict[str, object]:
    """Return what `tasks.explain.params.explain` documents."""
    job.progress(0.0, "fit the model")
    prepared = prepare(
        data,
        seed=job.seed,
        target=target,
        problem=problem,
        folds=FOLDS,
        features=features,
        exclude=exclude,
        group=group,
        time=time,
        holdout=holdout,
    )
    refuse_unlearned(prepared, columns or ())
    refuse_unlearned(prepared, pair or ())
    position = class_in_question(prepared.target, of_class)
    model = build_model(prepared.features, prepared.target, prepared.splits, estimator=estimator, seed=job.seed)
    parts = (prepared.splits.learned, prepared.splits.held_out)
    fitted = run_fold(model, prepared.features, prepared.target, fold=parts)
    job.progress(FITTED, "importance")
    drops = importance_of_fold(fitted, prepared.features, prepared.target, folds=1, seed=job.seed)
    explanation = Explanation(
        prepared=prepared,
        estimator=estimator,
        fitted=fitted,
        of_class=position,
        importance=ranked_importance(prepared.features, [drops]),
    )
    job.progress(RANKED, "partial dependence")
    chosen = list(columns or [each.feature for each in explanation.importance[:COLUMNS]])
    asked = Look(columns=chosen, pair=_two(pair), ice=ice, interactions=interactions)
    look_into(explanation, asked, job, start=RANKED)
    draw_figures(explanation, job)
    job.progress(1.0, "done")
    return report(explanation)


def _two(pair: Sequence[str] | None) -> tuple[str, str] | None:
    return None if pair is None else (pair[0], pair[1])
