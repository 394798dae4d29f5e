"""The ``job`` that an analysis is given: it says how far it is and learns what is wanted of it."""

import math
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import structlog
from numpy.random import Generator

from jobs.claims import Claim, Progress, Wish
from jobs.errors import LeaseLost, StoreUnavailable
from jobs.leases import Leases
from worker.attachments import Attachments
from worker.interrupt import Interrupted

log = structlog.get_logger(__name__)

#: Least time between two writes of one job, seconds: at most five a second.
PACE = 0.2

#: Longest stage or message that is kept, characters.
LONGEST_TEXT = 500

#: Most scores of one progress report.
MOST_SCORES = 20


class JobHandle:
    """What ``tasks.Job`` promises, over the store."""

    def __init__(self, leases: Leases, claim: Claim) -> None:
        self._leases = leases
        #: What the run has attached to its result so far.
        self.attachments = Attachments(largest=leases.settings.max_result)
        self._claim = claim
        #: When the store was last written or asked; monotonic seconds.
        self._reached = 0.0
        #: Said, but not written yet.
        self._pending: Progress | None = None
        self._wish = Wish.GO_ON

    @property
    def id(self) -> str:
        """The job's id."""
        return self._claim.job.id

    @property
    def seed(self) -> int:
        """Seed for everything random, from the request."""
        return self._claim.job.seed

    @cached_property
    def rng(self) -> Generator:
        """The job's one random generator, begun from its seed."""
        return np.random.default_rng(self.seed)

    def progress(self, fraction: float, stage: str = "", *, scores: Mapping[str, float] | None = None) -> None:
        """Says which share is done, from 0 to 1, and what was measured; the last word is written at most five times a
        second.

        Raises:
            ValueError: the fraction is no number from 0 to 1.
            Interrupted: the job was canceled, or somebody else has it.

        """
        if not (math.isfinite(fraction) and 0 <= fraction <= 1):
            raise ValueError(f"progress is a share from 0 to 1, not {fraction!r}")
        share = round(100 * float(fraction), 1)
        self._pending = Progress(share=share, stage=_sendable(stage), scores=_finite(scores or {}))
        self._reach_in_pace()

    def log(self, message: str) -> None:
        """Tells the client one line; it is in the worker's log too.

        Raises:
            Interrupted: the job was canceled, or somebody else has it.

        """
        log.info("analysis.said", message=message)
        self._reach(message=_sendable(message))

    def should_finish(self) -> bool:
        """Whether the client wants the best so far, now; asks at most five times a second.

        Raises:
            Interrupted: the job was canceled, or somebody else has it.

        """
        self._reach_in_pace()
        return self._wish is Wish.FINISH

    def figure(self, name: str, figure: object, *, title: str = "") -> None:
        """Attaches a figure to the result.

        Raises:
            ValueError: the name can't be one, or is taken.
            tasks.framework.figure.FigureInvalid: it is neither an Altair chart nor a mapping.
            AttachmentsTooLarge: with it there is more than a result may have.

        """
        self.attachments.add_figure(name, figure, title=_sendable(title))

    def file(self, name: str, content: bytes | str | Path, *, media_type: str = "application/octet-stream") -> None:
        """Attaches a file to the result.

        Raises:
            ValueError: the name or the media type can't be one, or the name is taken.
            OSError: the path can't be read.
            AttachmentsTooLarge: with it there is more than a result may have.

        """
        self.attachments.add_file(name, content, media_type=media_type)

    def _reach_in_pace(self) -> None:
        if time.monotonic() - self._reached >= PACE:
            self._reach()

    def _reach(self, *, message: str = "") -> None:
        """Writes what is pending, and learns what is wanted."""
        said, self._pending = self._pending, None
        try:
            self._wish = self._leases.note(self._claim, progress=said, message=message)
        except StoreUnavailable as error:
            # Progress is a courtesy: a run does not fail for a store that is away for a moment.
            log.debug("progress.not_written", error=str(error))
        except LeaseLost as lost:
            log.warning("job.lease_lost", reason=lost.reason)
            raise Interrupted from lost
        self._reached = time.monotonic()
        if self._wish is Wish.STOP:
            raise Interrupted


def _finite(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores that JSON can say, at most ``MOST_SCORES`` of them."""
    said = {_sendable(str(name)): float(value) for name, value in scores.items()}
    return {name: said[name] for name in list(said)[:MOST_SCORES] if math.isfinite(said[name])}


def _sendable(text: str) -> str:
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode()
