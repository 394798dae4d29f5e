"""What is looked into: the columns, the pair and the class that a client asks for, checked against the table."""

from collections.abc import Sequence

import numpy as np

from tasks.data.columns import quoted, require_columns
from tasks.errors import AnalysisError
from tasks.train.prepared import Prepared
from tasks.train.target import Target


def refuse_unlearned(prepared: Prepared, names: Sequence[str]) -> None:
    """Raise tasks.errors.AnalysisError for a column that the table has not, or that the model does not learn from."""
    require_columns(prepared.target.rows, names)
    learned = [str(name) for name in prepared.features.table.columns]
    reasons = {dropped.column: dropped.reason for dropped in prepared.features.dropped}
    for name in names:
        if name not in learned:
            reason = reasons.get(name, "is the target or excluded")
            raise AnalysisError(
                f"The model does not learn from column {name!r}: it {reason}. Look into others: {quoted(learned)}."
            )
    if len(set(names)) < len(names):
        raise AnalysisError(f"A column is named twice: {quoted(names)}. Name each once.")


def class_in_question(target: Target, name: str | None) -> int | None:
    """Return the position of the class: the one named, the second of two, or the one with the most rows.

    None for a regression. Raises tasks.errors.AnalysisError for a class that there is not.
    """
    if not target.classes:
        if name is not None:
            raise AnalysisError("`of_class` is for the probabilities of classes; leave it out of a regression.")
        return None
    if name is None:
        return 1 if len(target.classes) == 2 else int(np.argmax(np.bincount(target.values)))
    if name not in target.classes:
        raise AnalysisError(f"{target.name!r} has no class {name!r}. It has {quoted(target.classes)}.")
    return target.classes.index(name)
