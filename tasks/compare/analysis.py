"""The computing behind `compare`: prepare the table once, run every estimator through the same folds, and rank them."""

from collections.abc import Sequence
from typing import Literal

from pandas import DataFrame

from tasks.compare.contestant import Contestant, Record, enter, record
from tasks.compare.drawing import draw_scores
from tasks.compare.report import report
from tasks.job import Job
from tasks.train.choices import Estimator, Problem, Split
from tasks.train.folds import FittedFold, run_fold
from tasks.train.metrics import PRIMARY_METRIC
from tasks.train.prepared import Prepared, prepare


def compute(
    data: DataFrame,
    job: Job,
    *,
    target: str,
    problem: Literal["auto"] | Problem,
    estimators: Sequence[Estimator] | None,
    folds: int,
    features: Sequence[str] | None,
    exclude: Sequence[str],
    split: Literal["auto"] | Split,
    group: str | None,
    time: str | None,
) -> dict[str, object]:
    """Return what `tasks.compare.params.compare` documents."""
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
    )
    contestants, notes = enter(prepared, estimators, seed=job.seed)
    records = _run(prepared, contestants, job)
    primary = PRIMARY_METRIC[prepared.target.problem]
    ranked = sorted(records, key=lambda record: -record.mean(primary))
    job.figure("scores", draw_scores(ranked, metric=primary), title="Scores of the estimators")
    job.progress(1.0, "done")
    asked = [contestant.estimator for contestant in contestants]
    return report(prepared, ranked, asked=asked, notes=notes)


def _run(prepared: Prepared, contestants: Sequence[Contestant], job: Job) -> list[Record]:
    """Return the records of the estimators that ran through all folds; asked to finish, of those done, at least one."""
    records: list[Record] = []
    for number, contestant in enumerate(contestants):
        folds = _run_one(prepared, contestant, job, before=number / len(contestants), share=1 / len(contestants))
        if folds is None:
            break
        records.append(record(contestant, folds))
        if number + 1 < len(contestants) and job.should_finish():
            break
    return records


def _run_one(
    prepared: Prepared, contestant: Contestant, job: Job, *, before: float, share: float
) -> list[FittedFold] | None:
    """Return one estimator's folds; None if the job was asked to finish before the last, while others are done."""
    primary = PRIMARY_METRIC[prepared.target.problem]
    folds: list[FittedFold] = []
    for number, parts in enumerate(prepared.splits.folds, start=1):
        fold = run_fold(contestant.model, prepared.features, prepared.target, fold=parts)
        folds.append(fold)
        job.progress(
            before + share * number / len(prepared.splits.folds),
            f"{contestant.estimator}, fold {number} of {len(prepared.splits.folds)}",
            scores={contestant.estimator: fold.scores[primary]},
        )
        if before > 0 and number < len(prepared.splits.folds) and job.should_finish():
            return None
    return folds
