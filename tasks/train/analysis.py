"""The computing behind `train`: resolve the target, choose the features, cross-validate, and say what was learned."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pandas import DataFrame

from tasks.job import Job
from tasks.train.estimators import Estimator
from tasks.train.features import Features, choose_features
from tasks.train.folds import Folds, cross_validate
from tasks.train.metrics import PRIMARY_METRIC, summarise
from tasks.train.preprocessing import encoded_columns
from tasks.train.target import Problem, Target, resolve_target


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
) -> dict[str, object]:
    """Return what `tasks.train.params.train` documents."""
    job.progress(0.0, "prepare")
    resolved = resolve_target(data, target, problem=problem, folds=folds)
    chosen = choose_features(resolved.rows, target=target, features=features, exclude=exclude)
    outcome = cross_validate(chosen, resolved, job, estimator=estimator, folds=folds)
    return {
        "problem": resolved.problem,
        "estimator": estimator,
        "target": target,
        "rows": len(resolved.rows),
        "rows_without_target": resolved.rows_without,
        **_described(chosen),
        "folds": folds,
        "folds_done": len(outcome.model),
        **_judged(outcome, resolved),
        **(_per_class(outcome, resolved) if resolved.classes else {}),
        "converged": all(outcome.converged),
        "notes": _notes(outcome, resolved, chosen),
        "partial": len(outcome.model) < folds,
    }


def _described(features: Features) -> dict[str, object]:
    return {
        "features": [str(name) for name in features.table.columns],
        "feature_kinds": {
            "numeric": list(features.numeric),
            "boolean": list(features.boolean),
            "categorical": list(features.categorical),
        },
        "encoded_features": encoded_columns(features),
        "dropped": [dropped.as_dict() for dropped in features.dropped],
    }


def _judged(outcome: Folds, target: Target) -> dict[str, object]:
    primary = PRIMARY_METRIC[target.problem]
    gain = np.mean([fold[primary] for fold in outcome.model]) - np.mean([fold[primary] for fold in outcome.baseline])
    return {
        "metrics": summarise(outcome.model),
        "baseline": summarise(outcome.baseline),
        "primary_metric": primary,
        "beats_baseline": bool(gain > 0),
    }


def _per_class(outcome: Folds, target: Target) -> dict[str, object]:
    counts = np.bincount(target.values, minlength=len(target.classes)).tolist()
    matrix = outcome.confusion.tolist() if outcome.confusion is not None else []
    return {
        "classes": [{"name": name, "rows": rows} for name, rows in zip(target.classes, counts, strict=True)],
        "confusion_matrix": {"labels": list(target.classes), "matrix": matrix},
    }


def _notes(outcome: Folds, target: Target, features: Features) -> list[str]:
    notes = []
    if target.rows_without:
        notes.append(f"Rows left out because they have no target: {target.rows_without}.")
    duplicates = int(target.rows[[*features.table.columns, target.name]].duplicated().sum())
    if duplicates:
        notes.append(f"Rows that repeat an earlier one: {duplicates}; a pair split between folds flatters the metrics.")
    failed = outcome.converged.count(False)
    if failed:
        notes.append(
            f"The model did not converge in {failed} of {len(outcome.converged)} folds; its metrics may improve."
        )
    return notes
