"""The crew: the processes that run jobs, as the supervisor sees them; each engine has its own."""

from collections.abc import Collection
from typing import NamedTuple, Protocol


class Run(NamedTuple):
    """A job in a process. One job may be in two: in one that lost it, and in one that has claimed it since."""

    job_id: str
    #: The process id.
    pid: int


class Crew(Protocol):
    """Called from the supervisor's thread."""

    def check(self) -> None:
        """Notices processes that have died, and reports their runs as lost."""
        ...

    def running(self) -> Collection[Run]:
        """What was given to a process and has not come back."""
        ...

    def ask(self, run: Run) -> None:
        """Asks the process to end this run."""
        ...

    def kill(self, run: Run) -> None:
        """Kills the process of this run."""
        ...


def holder_name(worker: str, pid: int) -> str:
    """How a process of a worker is named where a job says who holds it."""
    return f"{worker}/{pid}"
