"""The computing behind `select`: three looks at each column, put side by side."""

from collections.abc import Sequence
from typing import Literal

from pandas import DataFrame

from tasks.job import Job
from tasks.select.elimination import Eliminator, eliminate
from tasks.select.figures import draw_columns, draw_elimination
from tasks.select.filled import fill
from tasks.select.information import measure_information
from tasks.select.looks import Looks
from tasks.select.report import report
from tasks.select.univariate import judge_columns
from tasks.train.choices import Problem
from tasks.train.estimators import SCALED, build_estimator
from tasks.train.prepared import prepare

#: Share of the progress that the mutual information takes; the rest is the elimination's.
INFORMATION_SHARE = 0.2


def compute(
    data: DataFrame,
    job: Job,
    *,
    target: str,
    problem: Literal["auto"] | Problem,
    estimator: Literal["linear", "random_forest", "extra_trees"],
    folds: int,
    shuffles: int,
    features: Sequence[str] | None,
    exclude: Sequence[str],
    group: str | None,
    time: str | None,
) -> dict[str, object]:
    """Return what `tasks.select.params.select` documents."""
    job.progress(0.0, "prepare")
    prepared = prepare(
        data,
        seed=job.seed,
        target=target,
        problem=problem,
        folds=folds,
        features=features,
        exclude=exclude,
        group=group,
        time=time,
    )
    resolved, chosen, splits = prepared.target, prepared.features, prepared.splits
    matrix, discrete = fill(chosen)
    tests = judge_columns(matrix, chosen, resolved)
    information = measure_information(
        matrix,
        resolved.values,
        job,
        discrete=discrete,
        is_classification=bool(resolved.classes),
        shuffles=shuffles,
        end=INFORMATION_SHARE,
    )
    model = build_estimator(estimator, problem=resolved.problem, seed=job.seed)
    eliminator = Eliminator(features=chosen, target=resolved, estimator=model, scale=estimator in SCALED)
    looks = Looks(
        estimator=estimator,
        target=resolved,
        features=chosen,
        splits=splits,
        information=information,
        tests=tests,
        eliminations=eliminate(eliminator, splits, job, start=INFORMATION_SHARE),
    )
    draw_columns(looks, job)
    draw_elimination(looks, job)
    job.progress(1.0, "done")
    return report(looks, folds=folds, shuffles=shuffles)
