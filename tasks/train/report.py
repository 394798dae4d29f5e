"""The result of `train` in plain values, under the names that its documentation gives."""

import numpy as np

from tasks.train import intervals
from tasks.train.dependence import Dependence
from tasks.train.features import Features
from tasks.train.metrics import PRIMARY_METRIC, summarise
from tasks.train.outcome import Outcome, shown_classes
from tasks.train.preprocessing import encoded_columns
from tasks.train.target import Target
from tasks.train.trained import Trained

#: Fewest rows that isotonic calibration suits; with fewer it learns the noise.
#: Source: https://scikit-learn.org/stable/modules/calibration.html#isotonic
ISOTONIC_ROWS = 1_000


def report(trained: Trained) -> dict[str, object]:
    """Return what `tasks.train.params.train` documents."""
    target, splits, outcome = trained.prepared.target, trained.prepared.splits, trained.outcome
    final = trained.final
    return {
        "problem": target.problem,
        "estimator": trained.estimator,
        "target": target.name,
        "rows": len(target.rows),
        "rows_without_target": target.rows_without,
        **_described(trained.prepared.features),
        "split": splits.split,
        "calibrated": trained.calibrate,
        "folds": len(splits.folds),
        "folds_done": len(outcome.model),
        **_judged(outcome, target, test_to_train=splits.test_to_train),
        "holdout": None if final is None else final.holdout,
        **(_per_class(outcome, target) if target.classes else {}),
        "importance": None if trained.importance is None else [column.as_dict() for column in trained.importance],
        "partial_dependence": [_dependence(each, target) for each in (final.dependence if final else [])],
        "converged": all(outcome.converged) and (final is None or final.converged),
        "notes": _notes(trained),
        "partial": trained.partial,
    }


def _described(features: Features) -> dict[str, object]:
    return {
        "features": [str(name) for name in features.table.columns],
        "feature_kinds": {
            "numeric": list(features.numeric),
            "boolean": list(features.boolean),
            "categorical": list(features.categorical),
            "date": list(features.dates),
        },
        "date_parts": {name: list(parts) for name, parts in features.dates.items()},
        "encoded_features": encoded_columns(features),
        "dropped": [dropped.as_dict() for dropped in features.dropped],
    }


def _judged(outcome: Outcome, target: Target, *, test_to_train: float) -> dict[str, object]:
    primary = PRIMARY_METRIC[target.problem]
    gain = np.mean([fold[primary] for fold in outcome.model]) - np.mean([fold[primary] for fold in outcome.baseline])
    return {
        "metrics": summarise(outcome.model, test_to_train=test_to_train),
        "baseline": summarise(outcome.baseline, test_to_train=test_to_train),
        "interval_method": intervals.METHOD,
        "primary_metric": primary,
        "beats_baseline": bool(gain > 0),
    }


def _per_class(outcome: Outcome, target: Target) -> dict[str, object]:
    counts = np.bincount(target.values, minlength=len(target.classes)).tolist()
    return {
        "classes": [{"name": name, "rows": rows} for name, rows in zip(target.classes, counts, strict=True)],
        "confusion_matrix": {"labels": list(target.classes), "matrix": outcome.confusion.tolist()},
    }


def _dependence(dependence: Dependence, target: Target) -> dict[str, object]:
    names = [target.classes[position] for position in shown_classes(target)] if target.classes else [None]
    return {
        "feature": dependence.feature,
        "kind": dependence.kind,
        "values": dependence.values,
        "curves": [
            {"class": name, "mean": means} for name, means in zip(names, dependence.means.T.tolist(), strict=True)
        ],
    }


def _notes(trained: Trained) -> list[str]:
    target, features, outcome = trained.prepared.target, trained.prepared.features, trained.outcome
    notes = []
    if target.rows_without:
        notes.append(f"Rows left out because they have no target: {target.rows_without}.")
    duplicates = int(target.rows[[*features.table.columns, target.name]].duplicated().sum())
    if duplicates:
        notes.append(f"Rows that repeat an earlier one: {duplicates}; a pair split between folds flatters the metrics.")
    notes.extend(trained.prepared.splits.notes)
    failed = outcome.converged.count(False)
    if failed:
        notes.append(
            f"The model did not converge in {failed} of {len(outcome.converged)} folds; its metrics may improve."
        )
    if trained.final is not None and not trained.final.converged:
        notes.append("The model of all rows did not converge.")
    smallest = min(map(len, trained.prepared.splits.training_parts))
    if trained.calibrate == "isotonic" and smallest < ISOTONIC_ROWS:
        notes.append(
            f"Isotonic calibration on fewer than {ISOTONIC_ROWS:,} rows learns their noise; `sigmoid` suits better."
        )
    if trained.partial:
        notes.append("The job was asked to finish early; the folds that are done are reported.")
    return notes
