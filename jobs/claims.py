"""What workers and the store hand each other: claims, progress, drafts, verdicts; the moves are in ``leases``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from jobs.job import Job


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A job in the hands of a worker; its fence is the right to settle it."""

    job: Job
    #: Its input where that is kept in Redis.
    packed: bytes | None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is."""

    #: Percent.
    share: float
    stage: str
    #: What was measured so far, by name.
    scores: Mapping[str, float] = field(default_factory=dict)

    def told(self) -> dict[str, object]:
        """The event that tells it."""
        said: dict[str, object] = {"progress": self.share, "stage": self.stage}
        return {**said, "scores": dict(self.scores)} if self.scores else said


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A figure or a file that a run attaches to its result."""

    kind: Literal["figure", "file"]
    #: Unique among those of its kind.
    name: str
    #: What it shows, for people, or "".
    title: str
    media_type: str
    content: bytes


class Held(NamedTuple):
    """A job, and which process of a worker is said to hold it."""

    job_id: str
    #: As the process that claimed it is named.
    holder: str


class Verdict(StrEnum):
    """What a worker has to do with a job whose lease it renews."""

    #: Go on.
    KEEP = "keep"
    #: Ask its process to end: its time is up, or it was canceled.
    ASK = "ask"
    #: It was asked and has not ended within the grace: kill its process.
    KILL = "kill"
    #: Not claimed yet, or given back.
    UNCLAIMED = "unclaimed"
    #: It has ended.
    FINAL = "final"
    #: Another worker has it: kill what still runs here.
    LOST = "lost"


class Wish(StrEnum):
    """What the caller of a job wants of its run."""

    GO_ON = "go_on"
    #: End soon, with the best so far.
    FINISH = "finish"
    #: It was canceled: end, nothing of it is wanted.
    STOP = "stop"


#: Why a worker gives a job up: its process died, was killed by the system for its memory or by us for its time, or the
#: worker stops.
Release = Literal["worker_lost", "out_of_memory", "timeout", "handed_back"]
