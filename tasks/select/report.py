"""What `select` returns: the looks as stable fields."""

import numpy as np

from tasks.data.plain import plain_number
from tasks.select.looks import Looks
from tasks.select.reasons import reasons_for
from tasks.train.metrics import PRIMARY_METRIC


def report(looks: Looks, *, folds: int, shuffles: int) -> dict[str, object]:
    """Return what `tasks.select.params.select` documents."""
    eliminations = looks.eliminations
    has_folds = bool(eliminations.folds)
    return {
        "problem": looks.target.problem,
        "estimator": looks.estimator,
        "target": looks.target.name,
        "split": looks.splits.split,
        "rows": len(looks.target.rows),
        "rows_without_target": looks.target.rows_without,
        "dropped": [dropped.as_dict() for dropped in looks.features.dropped],
        "columns": [_column(looks, position, rank=rank) for rank, position in enumerate(looks.order(), start=1)],
        "elimination": _elimination(looks, folds=folds) if has_folds else None,
        "best": _chosen(looks, looks.best(), at=eliminations.best()) if has_folds else None,
        "suggestion": _chosen(looks, looks.suggestion(), at=eliminations.smallest_within_error())
        if has_folds
        else None,
        "notes": _notes(looks, shuffles=shuffles),
        "partial": len(eliminations.folds) < folds or looks.information.shuffles < shuffles,
    }


def _column(looks: Looks, position: int, *, rank: int) -> dict[str, object]:
    value, noise = float(looks.information.values[position]), float(looks.information.noise[position])
    return {
        "rank": rank,
        "column": looks.names[position],
        "kind": _kind(looks, looks.features.table.columns[position]),
        "mutual_information": {"value": value, "noise_level": noise, "above_noise": value > noise},
        "test": looks.tests[position].as_dict(),
        "elimination_rank": looks.eliminations.ranks().get(position),
        "in_best": position in looks.best(),
        "in_suggestion": position in looks.suggestion(),
        "reasons": reasons_for(looks, position),
    }


def _kind(looks: Looks, name: str) -> str:
    features = looks.features
    if name in features.dates:
        return "date"
    if name in features.categorical:
        return "categorical"
    return "boolean" if name in features.boolean else "numeric"


def _elimination(looks: Looks, *, folds: int) -> dict[str, object]:
    eliminations = looks.eliminations
    by_size = list(zip(eliminations.sizes, np.array(eliminations.folds).T, strict=True))
    return {
        "metric": PRIMARY_METRIC[looks.target.problem],
        "folds": folds,
        "folds_done": len(eliminations.folds),
        "scores": [
            {"columns": size, "mean": float(scores.mean()), "std": float(scores.std()), "folds": scores.tolist()}
            for size, scores in reversed(by_size)
        ],
        "standard_error": plain_number(eliminations.standard_error()),
    }


def _chosen(looks: Looks, chosen: frozenset[int], *, at: int) -> dict[str, object]:
    mean = float(np.mean([fold[at] for fold in looks.eliminations.folds]))
    return {"columns": [looks.names[position] for position in looks.order() if position in chosen], "score": mean}


def _notes(looks: Looks, *, shuffles: int) -> list[str]:
    notes = list(looks.splits.notes)
    information, eliminations = looks.information, looks.eliminations
    if looks.target.rows_without:
        notes.append(f"Rows left out because they have no target: {looks.target.rows_without}.")
    if information.rows < len(looks.target.rows):
        notes.append(f"The mutual information rests on {information.rows:,} rows, drawn at random.")
    if information.shuffles < shuffles:
        notes.append(
            f"The target was shuffled {information.shuffles} of {shuffles} times before the job was to finish."
        )
    failed = eliminations.converged.count(False)
    if failed:
        notes.append(f"The model did not converge in {failed} of {len(eliminations.converged)} fits.")
    if eliminations.folds:
        notes.append(
            "The elimination was repeated within each fold, so its scores are of rows it has not seen; the best of "
            "several such scores still flatters a little."
        )
    else:
        notes.append("No fold was done, so no set of columns is suggested.")
    return notes
