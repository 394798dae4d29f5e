"""All that was found out about a model, for the report and the figures."""

from dataclasses import dataclass, field

from tasks.explain.interactions import Interaction
from tasks.explain.single_rows import SingleRows
from tasks.explain.surface import Surface
from tasks.train.choices import Estimator
from tasks.train.dependence import Dependence
from tasks.train.folds import FittedFold
from tasks.train.importance import Importance
from tasks.train.prepared import Prepared


@dataclass(kw_only=True)
class Explanation:
    """What is known so far; it grows until it is complete or the job is to finish."""

    prepared: Prepared
    estimator: Estimator
    #: The model and its metrics on the held-out rows.
    fitted: FittedFold
    #: Position of the class in question; None for a regression.
    of_class: int | None
    importance: list[Importance]
    dependence: list[Dependence] = field(default_factory=list)
    #: None if they were not asked for.
    single_rows: list[SingleRows] | None = None
    interactions: list[Interaction] | None = None
    surface: Surface | None = None
    #: Whether something is missing because the job was to finish.
    partial: bool = False

    @property
    def class_name(self) -> str | None:
        """The class in question; None for a regression."""
        return None if self.of_class is None else self.prepared.target.classes[self.of_class]

    @property
    def quantity(self) -> str:
        """What the curves are of, for titles."""
        return f"probability of {self.class_name}" if self.class_name else self.prepared.target.name
