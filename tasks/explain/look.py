"""The looks into a fitted model, one after the other, so that each is reported and the job can stop after any."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from pandas import DataFrame

from tasks.explain import interactions, single_rows, surface
from tasks.explain.explanation import Explanation
from tasks.explain.interactions import Additivity, pairs_of
from tasks.explain.prediction import Predictor
from tasks.explain.single_rows import follow_rows
from tasks.explain.surface import surface_of
from tasks.job import Job
from tasks.train import dependence
from tasks.train.dependence import Dependence, partial_dependence
from tasks.train.outcome import shown_classes

#: What is being done, and the doing.
Step = tuple[str, Callable[[], None]]


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is to be looked into."""

    columns: list[str]
    #: None for the two columns that work together most.
    pair: tuple[str, str] | None
    ice: bool
    interactions: bool


def look_into(explanation: Explanation, look: Look, job: Job, *, start: float) -> None:
    """Add the looks to the explanation; asked to finish, those that are done. Progress goes from `start` to 1."""
    explanation.single_rows = [] if look.ice else None
    explanation.interactions = [] if look.interactions else None
    steps = _Looker(explanation, job).steps(look)
    for done, (stage, step) in enumerate(steps):
        job.progress(start + (1 - start) * done / len(steps), stage)
        if job.should_finish():
            explanation.partial = True
            break
        step()


class _Looker:
    """Takes the steps; the rows that they rest on are drawn once, the fewer of one look among the more of another."""

    def __init__(self, explanation: Explanation, job: Job) -> None:
        self._found = explanation
        self._features = explanation.prepared.features
        self._rows = job.rng.permutation(explanation.prepared.splits.learned)
        self._predictor = Predictor(model=explanation.fitted.model, of_class=explanation.of_class)
        self._additivity = Additivity(self._predictor, self._table(interactions.MOST_ROWS))

    def steps(self, look: Look) -> list[Step]:
        """Return the steps in order; a pair that is not named is found by the interactions before."""
        steps: list[Step] = [
            (f"partial dependence on {name}", partial(self._depend, name, ice=look.ice)) for name in look.columns
        ]
        if look.interactions:
            steps += [
                (f"{one} with {other}", partial(self._interact, (one, other))) for one, other in pairs_of(look.columns)
            ]
        if look.pair is not None or len(look.columns) > 1:
            steps.append(("two columns together", partial(self._pair, look)))
        return steps

    def _depend(self, name: str, *, ice: bool) -> None:
        dependent = self._dependence(name)
        self._found.dependence.append(dependent)
        if ice and self._found.single_rows is not None:
            followed = follow_rows(self._predictor, self._table(single_rows.MOST_ROWS), dependent)
            self._found.single_rows.append(followed)

    def _interact(self, pair: tuple[str, str]) -> None:
        if self._found.interactions is not None:
            found = [*self._found.interactions, self._additivity.measure(pair)]
            self._found.interactions = sorted(found, key=lambda interaction: -interaction.size)

    def _pair(self, look: Look) -> None:
        strongest = self._found.interactions[0].columns if self._found.interactions else None
        one, other = look.pair or strongest or look.columns[:2]
        columns = (self._dependence(one), self._dependence(other))
        self._found.surface = surface_of(self._predictor, self._table(surface.MOST_ROWS), columns=columns)

    def _dependence(self, name: str) -> Dependence:
        for known in self._found.dependence:
            if known.feature == name:
                return known
        target = self._found.prepared.target
        shown = shown_classes(target) if target.classes else []
        table = self._table(dependence.MOST_ROWS)
        return partial_dependence(self._found.fitted.model, self._features, table, name=name, shown=shown)

    def _table(self, most: int) -> DataFrame:
        return self._features.table.iloc[np.sort(self._rows[:most])]
