"""What an analysis sees of the job that runs it; the worker implements it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy.random import Generator


class Job(Protocol):
    """The handle that a function with a parameter `job` receives."""

    @property
    def id(self) -> str:
        """The job's id, a UUIDv7 in text."""

    @property
    def seed(self) -> int:
        """The seed for every random choice, so that the same input gives the same result."""

    @property
    def rng(self) -> Generator:
        """The job's one random generator, begun from the seed."""

    def progress(self, fraction: float, stage: str = "", *, scores: Mapping[str, float] | None = None) -> None:
        """Report how much is done, 0 to 1, what is being done, and what has been measured so far, by name."""

    def log(self, message: str) -> None:
        """Tell the client one line; it is kept with the job, not in the worker's log."""

    def should_finish(self) -> bool:
        """Whether to stop at this safe point and return the best result so far."""

    def figure(self, name: str, figure: object, *, title: str = "") -> None:
        """Attach a figure: an Altair chart, or a Vega-Lite specification as a mapping.

        It is served at `/resource/<id>/figures/<name>`; the name is 1 to 64 of `a-z 0-9 _ -`, once a job.
        """

    def file(self, name: str, content: bytes | str | Path, *, media_type: str = "application/octet-stream") -> None:
        """Attach a file: its bytes, its text, or the path to read it from; served at `/resource/<id>/files/<name>`."""
