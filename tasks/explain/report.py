"""What `explain` returns, as stable fields."""

from tasks.data.plain import plain_number
from tasks.explain.explanation import Explanation
from tasks.explain.together import columns_that_move_together
from tasks.train.dependence import Dependence
from tasks.train.metrics import PRIMARY_METRIC
from tasks.train.outcome import shown_classes
from tasks.train.target import Target


def report(explanation: Explanation) -> dict[str, object]:
    """Return what `tasks.explain.params.explain` documents."""
    target, features = explanation.prepared.target, explanation.prepared.features
    fitted, primary = explanation.fitted, PRIMARY_METRIC[target.problem]
    return {
        "problem": target.problem,
        "estimator": explanation.estimator,
        "target": target.name,
        "split": explanation.prepared.splits.split,
        "of_class": explanation.class_name,
        "rows": len(target.rows),
        "rows_without_target": target.rows_without,
        "rows_held_out": len(fitted.test),
        "features": [str(name) for name in features.table.columns],
        "dropped": [dropped.as_dict() for dropped in features.dropped],
        "metrics": {name: plain_number(value) for name, value in fitted.scores.items()},
        "baseline": {name: plain_number(value) for name, value in fitted.baseline.items()},
        "primary_metric": primary,
        "beats_baseline": _beats_baseline(explanation),
        "importance": [importance.as_dict() for importance in explanation.importance],
        "partial_dependence": [_dependence(each, target) for each in explanation.dependence],
        "ice": _single_rows(explanation),
        "interactions": None
        if explanation.interactions is None
        else [interaction.as_dict() for interaction in explanation.interactions],
        "pair": _surface(explanation),
        "notes": _notes(explanation),
        "partial": explanation.partial,
    }


def _beats_baseline(explanation: Explanation) -> bool:
    primary = PRIMARY_METRIC[explanation.prepared.target.problem]
    return explanation.fitted.scores[primary] > explanation.fitted.baseline[primary]


def _dependence(dependence: Dependence, target: Target) -> dict[str, object]:
    shown = shown_classes(target) if target.classes else []
    names: list[str | None] = [target.classes[position] for position in shown] or [None]
    return {
        "column": dependence.feature,
        "kind": dependence.kind,
        "values": dependence.values,
        "curves": [
            {"class": name, "mean": means.tolist()} for name, means in zip(names, dependence.means.T, strict=True)
        ],
        "range": float((dependence.means.max(axis=0) - dependence.means.min(axis=0)).max()),
    }


def _single_rows(explanation: Explanation) -> list[dict[str, object]] | None:
    if explanation.single_rows is None:
        return None
    return [
        {"column": each.dependence.feature, "rows": each.rows, "predictions": each.predictions.tolist()}
        for each in explanation.single_rows
    ]


def _surface(explanation: Explanation) -> dict[str, object] | None:
    surface = explanation.surface
    if surface is None:
        return None
    return {
        "columns": [each.feature for each in surface.columns],
        "values": [each.values for each in surface.columns],
        "means": surface.means.tolist(),
    }


def _notes(explanation: Explanation) -> list[str]:
    notes = list(explanation.prepared.splits.notes)
    if explanation.prepared.target.rows_without:
        notes.append(f"Rows left out because they have no target: {explanation.prepared.target.rows_without}.")
    if not explanation.fitted.converged:
        notes.append("The model did not converge; it may learn more.")
    if not _beats_baseline(explanation):
        notes.append("On the held-out rows the model does no better than the baseline: there is nothing to explain.")
    shown = [dependence.feature for dependence in explanation.dependence]
    for one, other, correlation in columns_that_move_together(explanation.prepared.features, shown):
        notes.append(
            f"{one!r} and {other!r} move together (rank correlation {correlation:.2f}): each may stand in for the "
            "other in the importance, and the partial dependence averages over rows that hardly exist."
        )
    return notes
