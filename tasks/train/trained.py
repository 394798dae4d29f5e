"""Everything that a run of `train` has found, for the result and the figures to draw from."""

from dataclasses import dataclass

from tasks.train.choices import Calibration, Estimator
from tasks.train.final import Final
from tasks.train.importance import Importance
from tasks.train.outcome import Outcome
from tasks.train.prepared import Prepared


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What was asked, what was learned from, and what came of it."""

    estimator: Estimator
    calibrate: Calibration
    prepared: Prepared
    outcome: Outcome
    #: From the most to the least important column; None if it was not asked for.
    importance: list[Importance] | None
    #: None if the job was asked to finish before, or nothing was asked for that needs the model of all rows.
    final: Final | None
    #: Whether something that was asked for is missing, because the job was asked to finish.
    partial: bool
