"""Successive halving: all candidates with little of the resource, then fewer with more, the last with all of it."""

from dataclasses import dataclass, replace
from math import ceil

from sklearn.utils import resample

from tasks.search.bench import Bench
from tasks.search.space import Settings
from tasks.search.trial import Trial
from tasks.train.parts import Rows
from tasks.train.prepared import Prepared
from tasks.train.splits import Splits

#: Least rows per class (or per regression) in the test part of a fold; scores of fewer say next to nothing.
LEAST_TEST_ROWS = 4
#: Least trees of a rung.
LEAST_TREES = 5


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One round of the halving."""

    #: How many candidates enter it.
    candidates: int
    #: Rows or trees that each of them gets.
    resource: int
    #: The parameter that the resource is; None for rows.
    parameter: str | None


def plan_rungs(count: int, *, smallest: int, largest: int, factor: int, parameter: str | None) -> list[Rung]:
    """Return the rungs: as many as thin `count` candidates out to fewer than `factor`, or as the resource allows.

    Source: Jamieson & Talwalkar (2016); https://scikit-learn.org/stable/modules/grid_search.html#successive-halving-user-guide
    """
    rungs, left = 1, count
    while left >= factor and largest // factor**rungs >= smallest:
        left = ceil(left / factor)
        rungs += 1
    entering = [count]
    for _ in range(rungs - 1):
        entering.append(ceil(entering[-1] / factor))
    return [
        Rung(candidates=each, resource=largest // factor ** (rungs - 1 - position), parameter=parameter)
        for position, each in enumerate(entering)
    ]


def least_rows(prepared: Prepared) -> int:
    """Return how many rows the first rung needs at least."""
    return len(prepared.splits.folds) * LEAST_TEST_ROWS * max(1, len(prepared.target.classes))


def halve(bench: Bench, candidates: list[Settings], rungs: list[Rung]) -> list[Trial]:
    """Return the last trial of each candidate that was tried; asked to finish, those that are done."""
    latest: dict[int, Trial] = {}
    entering = list(enumerate(candidates, start=1))
    for level, rung in enumerate(rungs, start=1):
        splits = _splits(bench.prepared, rung, seed=bench.job.seed)
        for position, (number, settings) in enumerate(entering, start=1):
            given = settings if rung.parameter is None else {**settings, rung.parameter: rung.resource}
            stage = f"rung {level} of {len(rungs)}, candidate {position} of {len(entering)}"
            trial = bench.run(given, number=number, stage=stage, splits=splits, resource=rung.resource)
            if trial is not None:
                latest[number] = trial
            if bench.is_to_finish():
                return [latest[number] for number in sorted(latest)]
        if level < len(rungs):
            entering = _kept(entering, latest, keep=rungs[level].candidates)
    return [latest[number] for number in sorted(latest)]


def _kept(entering: list[tuple[int, Settings]], latest: dict[int, Trial], *, keep: int) -> list[tuple[int, Settings]]:
    best_first = sorted(entering, key=lambda candidate: -latest[candidate[0]].goodness)
    return sorted(best_first[:keep], key=lambda candidate: candidate[0])


def _splits(prepared: Prepared, rung: Rung, *, seed: int) -> Splits:
    """Return the splits with the rung's share of the rows in every part; the last rung's are whole."""
    splits = prepared.splits
    share = rung.resource / len(splits.learned)
    if rung.parameter is not None or share >= 1:
        return splits
    folds = tuple((_drawn(prepared, a, share, seed), _drawn(prepared, b, share, seed)) for a, b in splits.folds)
    return replace(splits, folds=folds, learned=_drawn(prepared, splits.learned, share, seed))


def _drawn(prepared: Prepared, rows: Rows, share: float, seed: int) -> Rows:
    """Return so many of the rows, drawn at random; of classes in proportion."""
    stratify = prepared.target.values[rows] if prepared.target.classes else None
    drawn: Rows = resample(
        rows, replace=False, n_samples=max(1, int(share * len(rows))), stratify=stratify, random_state=seed
    )
    return drawn
