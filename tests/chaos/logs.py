"""The workers' logs: what they told of settled jobs, and how often a fence held."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson


@dataclass(kw_only=True)
class Told:
    """What the logs say."""

    #: How often each job's success was logged.
    successes: Counter[str] = field(default_factory=Counter)
    #: Second claims that were refused.
    refused: int = 0
    #: Late outcomes that were discarded.
    discarded: int = 0
    #: Jobs that the sweep put right, by what it did.
    swept: Counter[str] = field(default_factory=Counter)
    #: What should never be logged.
    alarms: list[str] = field(default_factory=list)


#: Events that tell of a mistake in the service itself.
_ALARMS = frozenset({"supervision.failed"})


def read_logs(files: Sequence[Path]) -> Told:
    """What these log files tell; lines that are no JSON are other programs'."""
    told = Told()
    for line in _lines(files):
        match line.get("event"):
            case "job.settled" if line.get("status") == "succeeded":
                told.successes[str(line["job"])] += 1
            case "job.claim_refused":
                told.refused += 1
            case "job.outcome_discarded":
                told.discarded += 1
            case "job.recovered":
                told.swept[str(line["outcome"])] += 1
            case event if event in _ALARMS:
                told.alarms.append(str(line))
    return told


def _lines(files: Sequence[Path]) -> Iterator[dict[str, object]]:
    for file in files:
        for text in file.read_bytes().splitlines() if file.exists() else []:
            try:
                line = orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
            if isinstance(line, dict):
                yield line
