"""What `search` returns: candidates, the best of them, and how it compares with the defaults, as stable fields."""

from collections.abc import Mapping

from tasks.data.plain import plain_number
from tasks.search.found import Found
from tasks.search.trial import Trial, ranked


def report(found: Found) -> dict[str, object]:
    """Return what `tasks.search.params.search` documents."""
    target, features = found.prepared.target, found.prepared.features
    return {
        "problem": target.problem,
        "estimator": found.estimator,
        "target": target.name,
        "split": found.prepared.splits.split,
        "method": found.method,
        "metric": found.plan.metric,
        "higher_is_better": found.higher_is_better,
        "rows": len(target.rows),
        "rows_without_target": target.rows_without,
        "features": [str(name) for name in features.table.columns],
        "dropped": [dropped.as_dict() for dropped in features.dropped],
        "space": dict(found.plan.space),
        "candidates": [_candidate(rank, trial) for rank, trial in ranked(found.trials)],
        "candidates_asked": len(found.plan.candidates),
        "candidates_done": len(found.trials),
        "rungs": _rungs(found) if found.plan.rungs else None,
        "best": _summary(found.best, found.best.settings),
        "defaults": _summary(found.defaults, found.plan.defaults),
        "gain": plain_number(found.best.goodness - found.defaults.goodness),
        "holdout": _holdout(found),
        "folds": len(found.prepared.splits.folds),
        "notes": _notes(found),
        "partial": found.partial,
    }


def _candidate(rank: int, trial: Trial) -> dict[str, object]:
    return {
        "rank": rank,
        "number": trial.number,
        **_summary(trial, trial.settings),
        "resource": trial.resource,
        "folds": [plain_number(score) for score in trial.scores],
        "error": trial.error,
    }


def _summary(trial: Trial, settings: Mapping[str, object]) -> dict[str, object]:
    return {
        "params": {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()},
        "score": plain_number(trial.score),
        "std": plain_number(trial.std),
        "metrics": trial.metrics(),
    }


def _rungs(found: Found) -> list[dict[str, object]]:
    return [
        {
            "resource": rung.resource,
            "candidates": rung.candidates,
            "done": sum((trial.resource or 0) >= rung.resource for trial in found.trials),
        }
        for rung in found.plan.rungs
    ]


def _holdout(found: Found) -> dict[str, object] | None:
    if found.final is None:
        return None
    return {
        "rows": len(found.final.test),
        "metrics": {name: plain_number(value) for name, value in found.final.scores.items()},
        "baseline": {name: plain_number(value) for name, value in found.final.baseline.items()},
    }


def _notes(found: Found) -> list[str]:
    notes = list(found.prepared.splits.notes)
    if found.prepared.target.rows_without:
        notes.append(f"Rows left out because they have no target: {found.prepared.target.rows_without}.")
    failed = [trial for trial in found.trials if trial.error is not None]
    if failed:
        notes.append(f"Candidates that could not be fitted: {len(failed)} of {len(found.trials)}; `error` says why.")
    converged = [each for trial in [*found.trials, found.defaults] for each in trial.converged]
    if not all(converged):
        notes.append(f"The model did not converge in {converged.count(False)} of {len(converged)} fits.")
    if found.method == "halving" and len(found.plan.rungs) == 1:
        notes.append("There is too little of the resource to begin with less of it, so nothing was halved.")
    if found.partial and found.plan.rungs and (found.best.resource or 0) < found.plan.rungs[-1].resource:
        notes.append("No candidate got all of the resource yet; the best of those that got most is given.")
    if found.best.goodness <= found.defaults.goodness:
        notes.append("No candidate beats the defaults; search other parameters, or stay with the defaults.")
    notes.append(_flattery(found))
    return notes


def _flattery(found: Found) -> str:
    tried = f"The best of {len(found.trials)} scores flatters"
    if found.final is not None:
        return f"{tried}; the holdout, which no candidate has seen, tells what to expect."
    return f"{tried}; ask for a `holdout` to see what to expect on new rows."
