"""How the rows are divided: what is held out, and which rows each fold learns from and is tested on."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    train_test_split,
)

from tasks.errors import AnalysisError
from tasks.train.choices import Split
from tasks.train.division import Divider, read_divider
from tasks.train.parts import Fold, Rows, notes_on, refuse_few_groups, refuse_too_few, refuse_unlearnable
from tasks.train.target import Target


@dataclass(frozen=True, kw_only=True)
class Splits:
    """Which rows are for what."""

    split: Split
    #: The rows of each fold's training and test part.
    folds: tuple[Fold, ...]
    #: The rows that the folds divide; in the order of time if split so.
    learned: Rows
    #: The rows kept out of the folds; empty without a holdout.
    held_out: Rows
    #: What else to know of them, in sentences.
    notes: tuple[str, ...] = ()

    @property
    def training_parts(self) -> tuple[Rows, ...]:
        """The rows that a model is fitted to: of each fold, and all that the folds divide."""
        return (*(train for train, _ in self.folds), self.learned)

    @property
    def test_to_train(self) -> float:
        """Rows of a test part per row of a training part, over all folds."""
        return sum(len(test) for _, test in self.folds) / sum(len(train) for train, _ in self.folds)


def split_rows(
    target: Target,
    *,
    folds: int,
    seed: int,
    split: str = "auto",
    group: str | None = None,
    time: str | None = None,
    holdout: float | None = None,
) -> Splits:
    """Divide the rows with a target; every random choice is drawn from the seed.

    `stratified` spreads classes evenly over shuffled folds; `shuffled` does not look at them; `grouped` keeps rows of
    equal `group` in one part; `time_ordered` sorts by `time` and tests each fold on what came after its training part.
    `holdout` is a share of the rows (for `grouped`, of the groups; for `time_ordered`, the latest ones).

    Raises tasks.errors.AnalysisError for columns that can't divide the rows, and parts that nothing is learned from.
    Source: https://scikit-learn.org/stable/modules/cross_validation.html#cross-validation-iterators
    """
    divider = read_divider(target, split=split, group=group, time=time)
    learned, held_out = _hold_out(target, divider, share=holdout, seed=seed)
    refuse_too_few(target, divider, learned, folds=folds, has_holdout=len(held_out) > 0)
    splitter = _splitter(divider, folds=folds, seed=seed, is_classification=bool(target.classes))
    groups = divider.groups[learned] if divider.groups is not None else None
    # scikit-learn's splitters look at the rows' number only, not at their columns.
    numbered = splitter.split(np.zeros(len(learned)), target.values[learned], groups)
    divided = tuple((learned[train], learned[test]) for train, test in numbered)
    refuse_unlearnable(target, divided, held_out)
    return Splits(
        split=divider.split,
        folds=divided,
        learned=learned,
        held_out=held_out,
        notes=notes_on(target, divider, divided, held_out),
    )


def _hold_out(target: Target, divider: Divider, *, share: float | None, seed: int) -> tuple[Rows, Rows]:
    """Return the rows to learn from and those kept out, each in the order of time, or of the table."""
    rows = np.arange(len(target.rows))
    if divider.moments is not None:
        rows = np.argsort(divider.moments, kind="stable")
    if share is None:
        return rows, rows[:0]
    count = ceil(share * len(rows))
    if divider.split == "time_ordered":
        return rows[:-count], rows[-count:]
    if divider.groups is not None:
        splitter = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
        refuse_few_groups(divider.groups, needed=2, purpose="For a holdout")
        learned, held_out = next(splitter.split(rows, groups=divider.groups))
        return learned, held_out
    stratify = target.values if divider.split == "stratified" else None
    if stratify is not None and count < len(target.classes):
        raise AnalysisError(
            f"A holdout of {share:g} has {count} rows, fewer than the {len(target.classes)} classes. "
            "Ask for a larger one, or send more rows."
        )
    learned, held_out = train_test_split(rows, test_size=share, stratify=stratify, random_state=seed)
    return np.sort(learned), np.sort(held_out)


def _splitter(divider: Divider, *, folds: int, seed: int, is_classification: bool) -> KFold:
    if divider.split == "time_ordered":
        return TimeSeriesSplit(n_splits=folds)
    kinds = {
        "stratified": StratifiedKFold,
        "shuffled": KFold,
        "grouped": StratifiedGroupKFold if is_classification else GroupKFold,
    }
    return kinds[divider.split](n_splits=folds, shuffle=True, random_state=seed)
