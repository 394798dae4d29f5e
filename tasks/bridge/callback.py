"""The callback of scikit-learn that speaks to the job; it needs no scikit-learn to be imported."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tasks.bridge.search_scores import HeardSearch, SearchScores
from tasks.bridge.task_tree import EVALUATION, SEARCH, path_to, share_done, stage_of, task_of
from tasks.bridge.unsupported import unsupported_ignored

if TYPE_CHECKING:
    from sklearn.callback import CallbackContext

    from tasks.job import Job

#: Least time between two reports of one fit, seconds; iterations come by the thousand.
PACE = 0.05


class JobCallback:
    """What `estimator.set_callbacks(JobCallback(job))` takes; `report_progress` is the shorter way.

    Source: https://scikit-learn.org/stable/modules/callbacks.html
    """

    def __init__(
        self, job: Job, *, start: float = 0.0, end: float = 1.0, depth: int | None = None, pace: float = PACE
    ) -> None:
        #: How many levels of estimators inside of the outermost one report too, None for all; scikit-learn reads it.
        self.max_propagation_depth = depth
        #: None in a copy that went to another process.
        self._job: Job | None = job
        self._start, self._end = start, end
        self._pace = pace
        #: When it was reported last; monotonic seconds.
        self._reported = float("-inf")
        #: The greatest share that was reported; parallel fits end out of order.
        self._furthest = 0.0
        #: Splits of the search that is under way, and how many fits it makes; 0 outside a search.
        self._folds = self._fits = 0
        self._filters = ExitStack()
        #: What the search's scorer has measured.
        self.scores = SearchScores()
        #: The search whose scorer is heard, to be given back.
        self.heard: HeardSearch | None = None

    def setup(self, estimator: Any, context: CallbackContext) -> None:
        """scikit-learn calls it before the outermost fit."""
        self._furthest = self._start
        self._filters.enter_context(unsupported_ignored())

    def teardown(self, estimator: Any, context: CallbackContext) -> None:
        """scikit-learn calls it after the outermost fit, however that ended; a fitted model keeps no job."""
        self._filters.close()
        if self.heard is not None:
            self.heard.restore()
        with unsupported_ignored():
            estimator.set_callbacks(*(other for other in getattr(estimator, "_skl_callbacks", ()) if other is not self))

    def on_fit_task_begin(self, estimator: Any, context: CallbackContext) -> None:
        """scikit-learn calls it at the beginning of each task."""
        task = task_of(context)
        if task == SEARCH:
            self._folds, self._fits = getattr(estimator, "n_splits_", 0), context.max_subtasks or 0
        elif task == EVALUATION:
            self.scores.expect(context.task_id, folds=self._folds)
        if context.max_subtasks != 0:
            self._report(context, ended=False)

    def on_fit_task_end(self, estimator: Any, context: CallbackContext) -> bool:
        """scikit-learn calls it at the end of each task; true asks it to stop this level of iterations."""
        self._report(context, ended=True)
        return self._job is not None and self._job.should_finish()

    def __getstate__(self) -> dict[str, object]:
        """Without the job, which stays in its process."""
        return {**self.__dict__, "_job": None, "_filters": ExitStack(), "heard": None}

    def _report(self, context: CallbackContext, *, ended: bool) -> None:
        now = time.monotonic()
        is_last = ended and context.parent is None
        if self._job is None or (now - self._reported < self._pace and not is_last):
            return
        self._reported = now
        path = path_to(context)
        share = share_done(path, ended=ended, fits=self._fits)
        self._furthest = max(self._furthest, self._start + (self._end - self._start) * min(share, 1.0))
        self._job.progress(self._furthest, stage_of(path, folds=self._folds), scores=self.scores.so_far())
