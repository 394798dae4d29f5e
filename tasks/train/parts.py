"""Whether something can be learned from the parts that rows are divided into, and what to know of them."""

import numpy as np
from numpy.typing import NDArray

from tasks.data.plain import shortened
from tasks.errors import AnalysisError
from tasks.train.division import Divider
from tasks.train.target import MIN_FOLD_ROWS, Target

#: Positions of rows in the table with a target, counted from 0.
Rows = NDArray[np.int64]
#: Training and test part of a fold.
Fold = tuple[Rows, Rows]


def refuse_too_few(target: Target, divider: Divider, learned: Rows, *, folds: int, has_holdout: bool) -> None:
    """Raise tasks.errors.AnalysisError if the rows, groups or members of a class don't suffice for the folds."""
    beside = " beside the holdout" if has_holdout else ""
    needed = MIN_FOLD_ROWS * (folds + (divider.split == "time_ordered"))
    if len(learned) < needed:
        raise AnalysisError(
            f"{folds} folds need at least {needed} rows{beside}, there are {len(learned)}. "
            "Send more rows or ask for fewer folds."
        )
    if divider.groups is not None:
        refuse_few_groups(divider.groups[learned], needed=folds, purpose=f"To make {folds} folds")
    if not target.classes or divider.split not in ("stratified", "grouped"):
        return
    counts = np.bincount(target.values[learned], minlength=len(target.classes))
    if counts.min() < folds:
        name = shortened(target.classes[int(counts.argmin())])
        raise AnalysisError(
            f"Class {name!r} has {counts.min()} rows{beside}, too few for {folds} folds. "
            "Ask for fewer folds or a smaller holdout."
        )


def refuse_few_groups(groups: NDArray[np.int64], *, needed: int, purpose: str) -> None:
    """Raise tasks.errors.AnalysisError if there are fewer groups than needed."""
    found = len(np.unique(groups))
    if found < needed:
        raise AnalysisError(
            f"{purpose} at least {needed} groups are needed, there are {found}. Ask for fewer folds, or choose "
            "another `group`."
        )


def refuse_unlearnable(target: Target, folds: tuple[Fold, ...], held_out: Rows) -> None:
    """Raise tasks.errors.AnalysisError for a training part of one class, and a test part or holdout too small."""
    for number, (train, test) in enumerate(folds, start=1):
        if len(test) < MIN_FOLD_ROWS:
            raise AnalysisError(
                f"The test part of fold {number} has fewer than {MIN_FOLD_ROWS} rows. Ask for fewer folds, or choose "
                "another `group`."
            )
        if target.classes and len(np.unique(target.values[train])) < 2:
            only = shortened(target.classes[int(target.values[train][0])])
            raise AnalysisError(
                f"The training part of fold {number} has only the class {only!r}, so nothing can be learned from it. "
                "Ask for fewer folds, or split the rows another way."
            )
    if 0 < len(held_out) < MIN_FOLD_ROWS:
        raise AnalysisError("The holdout has a single row; ask for a larger one, or send more rows.")


def notes_on(target: Target, divider: Divider, folds: tuple[Fold, ...], held_out: Rows) -> tuple[str, ...]:
    """Return what else to know of the parts, in sentences."""
    notes = []
    lacking = sum(len(np.unique(target.values[test])) < len(target.classes) for _, test in folds)
    if target.classes and lacking:
        notes.append(f"Test parts that lack a class: {lacking} of {len(folds)}; `roc_auc` is undefined there.")
    if target.classes and len(held_out) and len(np.unique(target.values[held_out])) < len(target.classes):
        notes.append("The holdout lacks a class; its `roc_auc` is undefined.")
    if divider.moments is not None and _shares_moment(divider.moments, folds):
        notes.append("Rows of one moment stand on both sides of a split; the metrics may flatter a little.")
    return tuple(notes)


def _shares_moment(moments: NDArray[np.float64], folds: tuple[Fold, ...]) -> bool:
    return any(moments[train[-1]] == moments[test[0]] for train, test in folds)
