"""The computing behind `search`: the space, the candidates on the folds, the best of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pandas import DataFrame

from tasks.job import Job
from tasks.search.bench import Bench, refuse_if_none
from tasks.search.figures import draw_figures
from tasks.search.found import Found
from tasks.search.halving import halve
from tasks.search.params import Method, Metric, Resource
from tasks.search.plan import Plan, make_plan
from tasks.search.report import report
from tasks.search.trial import Trial, ranked
from tasks.train.choices import Estimator, Problem
from tasks.train.prepared import prepare


def compute(
    data: DataFrame,
    job: Job,
    *,
    target: str,
    problem: Literal["auto"] | Problem,
    estimator: Estimator,
    method: Method,
    space: Mapping[str, Any] | None,
    n_candidates: int,
    metric: Metric,
    folds: int,
    resource: Resource,
    factor: int,
    features: Sequence[str] | None,
    exclude: Sequence[str],
    group: str | None,
    time: str | None,
    holdout: float | None,
) -> dict[str, object]:
    """Return what `tasks.search.params.search` documents."""
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
        holdout=holdout,
    )
    plan = make_plan(
        prepared,
        estimator=estimator,
        method=method,
        space=space,
        n_candidates=n_candidates,
        metric=metric,
        resource=resource,
        factor=factor,
        seed=job.seed,
    )
    bench = Bench(prepared=prepared, estimator=estimator, metric=plan.metric, job=job, runs=plan.runs + 1)
    defaults, trials = _try_all(bench, plan)
    found = Found(
        prepared=prepared,
        plan=plan,
        estimator=estimator,
        method=method,
        trials=trials,
        defaults=defaults,
        final=None if holdout is None else bench.judge_finally(ranked(trials)[0][1]),
        partial=bench.done < bench.runs,
    )
    draw_figures(found, job)
    job.progress(1.0, "done", scores={"best": found.best.score})
    return report(found)


def _try_all(bench: Bench, plan: Plan) -> tuple[Trial, list[Trial]]:
    """Return the trials of the defaults and of the candidates; asked to finish, of those that are done."""
    defaults = bench.run({}, number=0, stage="defaults", splits=bench.prepared.splits)
    assert defaults is not None  # noqa: S101 - nothing is given up before the first candidate
    refuse_if_none([defaults])
    trials = halve(bench, plan.candidates, plan.rungs) if plan.rungs else _try_each(bench, plan)
    refuse_if_none(trials)
    return defaults, trials


def _try_each(bench: Bench, plan: Plan) -> list[Trial]:
    trials: list[Trial] = []
    for number, settings in enumerate(plan.candidates, start=1):
        stage = f"candidate {number} of {len(plan.candidates)}"
        trial = bench.run(settings, number=number, stage=stage, splits=bench.prepared.splits)
        if trial is not None:
            trials.append(trial)
        if bench.is_to_finish():
            break
    return trials
