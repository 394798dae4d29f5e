"""The result of `compare` in plain values, under the names that its documentation gives."""

from collections.abc import Sequence

import numpy as np

from tasks.compare.contestant import Record
from tasks.compare.differences import Difference, paired_difference
from tasks.train import intervals
from tasks.train.choices import Estimator
from tasks.train.metrics import PRIMARY_METRIC, summarise
from tasks.train.prepared import Prepared


def report(
    prepared: Prepared, ranked: Sequence[Record], *, asked: Sequence[Estimator], notes: Sequence[str]
) -> dict[str, object]:
    """Return what `tasks.compare.params.compare` documents; `ranked` begins with the best."""
    target, splits, features = prepared.target, prepared.splits, prepared.features
    primary, test_to_train = PRIMARY_METRIC[target.problem], splits.test_to_train
    best = ranked[0]
    differences: dict[str, Difference] = {
        each.estimator: paired_difference(each.values(primary), best.values(primary), test_to_train=test_to_train)
        for each in ranked[1:]
    }
    return {
        "problem": target.problem,
        "target": target.name,
        "rows": len(target.rows),
        "rows_without_target": target.rows_without,
        "features": [str(name) for name in features.table.columns],
        "dropped": [dropped.as_dict() for dropped in features.dropped],
        "split": splits.split,
        "folds": len(splits.folds),
        "estimators": list(asked),
        "estimators_done": len(ranked),
        "primary_metric": primary,
        "ranking": [
            _ranked(each, rank, differences.get(each.estimator), prepared, comparisons=len(differences))
            for rank, each in enumerate(ranked, start=1)
        ],
        "best": best.estimator,
        "not_clearly_worse": [name for name, difference in differences.items() if not difference.is_clear],
        "baseline": summarise(best.baseline, test_to_train=test_to_train),
        "interval_method": intervals.METHOD,
        "notes": _notes(prepared, ranked, notes, left=len(asked) - len(ranked)),
        "partial": len(ranked) < len(asked),
    }


def _ranked(
    record: Record, rank: int, difference: Difference | None, prepared: Prepared, *, comparisons: int
) -> dict[str, object]:
    primary = PRIMARY_METRIC[prepared.target.problem]
    return {
        "rank": rank,
        "estimator": record.estimator,
        "metrics": summarise(record.scores, test_to_train=prepared.splits.test_to_train),
        "difference": None if difference is None else difference.as_dict(comparisons=comparisons),
        "beats_baseline": bool(record.mean(primary) > np.mean([fold[primary] for fold in record.baseline])),
        "converged": all(record.converged),
        "fit_seconds": float(np.mean(record.fit_seconds)),
        "predict_seconds": float(np.mean(record.predict_seconds)),
    }


def _notes(prepared: Prepared, ranked: Sequence[Record], notes: Sequence[str], *, left: int) -> list[str]:
    said = list(notes)
    if prepared.target.rows_without:
        said.append(f"Rows left out because they have no target: {prepared.target.rows_without}.")
    said.extend(prepared.splits.notes)
    for each in ranked:
        failed = each.converged.count(False)
        if failed:
            said.append(f"{each.estimator} did not converge in {failed} of {len(each.converged)} folds.")
    if len(ranked) > 1:
        said.append("The best was picked by these same folds, so its own score is a little flattered.")
    if left:
        said.append(f"The job was asked to finish early; estimators that are missing: {left}.")
    return said
