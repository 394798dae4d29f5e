"""The model of all rows that are not held out: fitted once, after the folds, for the holdout and to be looked into."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sklearn.base import BaseEstimator, clone

from tasks.data.plain import plain_number
from tasks.job import Job
from tasks.train.convergence import fit_noting_convergence
from tasks.train.dependence import MOST_ROWS, Dependence, partial_dependence
from tasks.train.folds import run_fold
from tasks.train.outcome import shown_classes
from tasks.train.prepared import Prepared


@dataclass(frozen=True, kw_only=True)
class Final:
    """What the model of all rows has shown."""

    #: Rows held out, and the metrics of model and baseline on them, as a result reports it; None without a holdout.
    holdout: dict[str, object] | None = None
    #: Partial dependence on the columns asked for.
    dependence: list[Dependence] = field(default_factory=list)
    #: Whether the fit converged.
    converged: bool = True


def judge_final(prepared: Prepared, model: BaseEstimator, job: Job, *, columns: Sequence[str]) -> Final:
    """Fit the model to every row that is not held out, score it on those that are, and see how it uses the columns."""
    features, target, splits = prepared.features, prepared.target, prepared.splits
    if not len(splits.held_out):
        fitted = clone(model)
        converged = fit_noting_convergence(fitted, features.table.iloc[splits.learned], target.values[splits.learned])
        return Final(converged=converged, dependence=_dependence(prepared, fitted, job, columns))
    fold = run_fold(model, features, target, fold=(splits.learned, splits.held_out))
    return Final(
        holdout={
            "rows": len(splits.held_out),
            "metrics": {name: plain_number(value) for name, value in fold.scores.items()},
            "baseline": {name: plain_number(value) for name, value in fold.baseline.items()},
        },
        converged=fold.converged,
        dependence=_dependence(prepared, fold.model, job, columns),
    )


def _dependence(prepared: Prepared, model: BaseEstimator, job: Job, columns: Sequence[str]) -> list[Dependence]:
    rows = prepared.splits.learned
    if len(rows) > MOST_ROWS:
        rows = np.sort(job.rng.choice(rows, size=MOST_ROWS, replace=False))
    table = prepared.features.table.iloc[rows]
    shown = shown_classes(prepared.target) if prepared.target.classes else []
    return [partial_dependence(model, prepared.features, table, name=name, shown=shown) for name in columns]
