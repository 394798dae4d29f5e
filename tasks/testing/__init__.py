"""The test kit for authors of analyses: one run without HTTP, Redis and workers; importing it loads nothing heavy."""

from tasks.testing.outcome import Outcome, Report
from tasks.testing.recorder import Recorder
from tasks.testing.run import run

__all__ = ["Outcome", "Recorder", "Report", "run"]
