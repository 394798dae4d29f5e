"""From scikit-learn's callbacks to the job: what an analysis' author calls, and nothing heavy."""

from tasks.bridge.callback import JobCallback
from tasks.bridge.reporting import report_progress

__all__ = ["JobCallback", "report_progress"]
