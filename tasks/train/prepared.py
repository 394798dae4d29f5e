"""A table made ready to learn from: the target, the columns, and how the rows are divided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pandas import DataFrame

from tasks.data.columns import Dropped
from tasks.train.features import Features, choose_features
from tasks.train.splits import Splits, split_rows
from tasks.train.target import Target, resolve_target


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What every way of learning from a table begins with."""

    target: Target
    features: Features
    splits: Splits


def prepare(
    data: DataFrame,
    *,
    seed: int,
    target: str,
    problem: str,
    folds: int,
    features: Sequence[str] | None,
    exclude: Sequence[str],
    split: str = "auto",
    group: str | None = None,
    time: str | None = None,
    holdout: float | None = None,
) -> Prepared:
    """Return the table's target, features and splits; every random choice is drawn from the seed.

    Raises tasks.errors.AnalysisError for what `resolve_target`, `split_rows` and `choose_features` refuse.
    """
    resolved = resolve_target(data, target, problem=problem, folds=folds)
    splits = split_rows(resolved, folds=folds, seed=seed, split=split, group=group, time=time, holdout=holdout)
    chosen = features_beside_group(resolved, features=features, exclude=exclude, group=group)
    return Prepared(target=resolved, features=chosen, splits=splits)


def features_beside_group(
    target: Target, *, features: Sequence[str] | None, exclude: Sequence[str], group: str | None
) -> Features:
    """Return the features; the column that groups the rows is one only if it is asked for by name.

    The test parts have groups that the training parts have not, so nothing is learned from a group's name.
    """
    if group is None or group in exclude or features is not None:
        return choose_features(target.rows, target=target.name, features=features, exclude=exclude)
    chosen = choose_features(target.rows, target=target.name, features=None, exclude=[*exclude, group])
    return replace(chosen, dropped=(*chosen.dropped, Dropped(group, "groups the rows")))
