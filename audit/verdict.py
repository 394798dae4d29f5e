"""What a check has come to."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The end of one check."""

    #: Whether nothing was found, something was, or nobody could look.
    outcome: Literal["passed", "FAILED", "NOT DONE"]
    #: One line about it.
    summary: str
    #: A line for each thing that was found.
    details: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether it passed; what nobody could look at has not."""
        return self.outcome == "passed"
