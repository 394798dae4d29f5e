"""What a run in a test has given: its result as a client gets it, and what it said and attached on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Report:
    """One call of `job.progress`."""

    #: How much was done, 0 to 1.
    fraction: float
    #: What was being done; may be empty.
    stage: str
    #: What had been measured so far, by name; may be empty.
    scores: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a run."""

    #: The result after its way through JSON: dicts, lists, texts, numbers, booleans and None.
    result: Any
    #: Every progress report, in order; a worker writes at most five of them a second.
    progress: tuple[Report, ...]
    #: Every line of `job.log`, in order.
    log: tuple[str, ...]
    #: Every figure by name, as a Vega-Lite specification that keeps to Vega-Lite's schema.
    figures: Mapping[str, dict[str, Any]]
    #: The content of every file by name.
    files: Mapping[str, bytes]

    @property
    def scores(self) -> dict[str, list[float]]:
        """The values of each score in the order reported, by name."""
        curves: dict[str, list[float]] = {}
        for report in self.progress:
            for name, value in report.scores.items():
                curves.setdefault(name, []).append(value)
        return curves
