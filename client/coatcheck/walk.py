"""What passes between a client and its server, as values: a job at one moment, and one request with its answer."""

from collections.abc import Mapping
from dataclasses import dataclass

#: Statuses after which a job does not change any more.
FINAL = frozenset({"succeeded", "failed", "canceled"})


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as the server described it at one moment."""

    #: The job's id, a UUIDv7.
    id: str
    #: ``queued``, ``running``, ``canceling``, ``succeeded``, ``failed`` or ``canceled``.
    status: str
    #: How much is done, 0 to 100; ``None`` if the analysis does not say.
    progress: float | None
    #: What the analysis is doing; may be empty.
    stage: str
    #: Everything the server said.
    document: Mapping[str, object]

    @property
    def is_final(self) -> bool:
        """Whether the job does not change any more."""
        return self.status in FINAL


def job_of(document: Mapping[str, object]) -> Job:
    """The job that a job document describes."""
    progress = document.get("progress")
    return Job(
        id=str(document.get("id", "")),
        status=str(document.get("status", "")),
        progress=float(progress) if isinstance(progress, int | float) else None,
        stage=str(document.get("stage") or ""),
        document=document,
    )


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer."""

    #: The request's method.
    method: str
    #: The request's path.
    path: str
    #: The answer's HTTP status.
    status: int
    #: The answer's ``Location``; may be empty.
    location: str = ""
    #: The answer's ``Retry-After``; may be empty.
    retry_after: str = ""
