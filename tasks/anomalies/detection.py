"""Scoring all rows by the methods asked for, and explaining the oddest of them."""

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import IsolationForest

from tasks.anomalies.detectors import Factor, Request, factor_of, fit_forest, forest_scores
from tasks.anomalies.encoding import Encoded
from tasks.anomalies.ranking import Ranking, rank
from tasks.anomalies.reasons import Contributions, contributions_of
from tasks.job import Job


@dataclass(frozen=True, kw_only=True)
class Detection:
    """What has come of looking for anomalies."""

    ranking: Ranking
    #: Positions of the oddest rows, the oddest first.
    listed: list[int]
    #: One row a listed row, one column a column of the table.
    contributions: Contributions
    #: How many of the listed rows are explained.
    explained: int
    #: None unless used.
    factor: Factor | None

    @property
    def partial(self) -> bool:
        """Whether the job was asked to finish before every listed row was explained."""
        return self.explained < len(self.listed)


def detect(encoded: Encoded, request: Request, job: Job, *, top: int) -> Detection:
    """Score the rows, order them, and explain as many of the oddest as there was time for."""
    job.progress(0.1, "isolation forest" if request.wants_forest else "local outlier factor")
    forest = fit_forest(encoded.matrix, seed=job.seed) if request.wants_forest else None
    isolated = None if forest is None else forest_scores(forest, encoded.matrix)
    job.progress(0.3, "local outlier factor" if request.wants_factor else "ranking")
    factor = factor_of(encoded.matrix, job, neighbours=request.neighbours) if request.wants_factor else None
    ranking = rank(request, forest=isolated, factor=None if factor is None else factor.scores)
    listed = ranking.order[:top].tolist()
    job.progress(0.5, "reasons")
    contributions, explained = _explained(encoded, listed, job, forest=forest, factor=factor)
    return Detection(ranking=ranking, listed=listed, contributions=contributions, explained=explained, factor=factor)


def _explained(
    encoded: Encoded, listed: list[int], job: Job, *, forest: IsolationForest | None, factor: Factor | None
) -> tuple[Contributions, int]:
    if job.should_finish():
        return np.zeros((len(listed), len(encoded.blocks))), 0
    return contributions_of(encoded, listed, job, forest=forest, factor=factor)
