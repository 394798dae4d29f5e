"""From the scores of one or two methods to one order of the rows, and the rows that are flagged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import Series

from tasks.anomalies.detectors import FACTOR_CUT, FOREST_CUT, Request, Scores


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """All rows, scored."""

    #: The score that rows are ordered by, the higher the odder.
    scores: Scores
    #: Of the isolation forest; None unless used.
    forest: Scores | None
    #: The local outlier factor; None unless used.
    factor: Scores | None
    #: Which rows are flagged.
    flagged: NDArray[np.bool_]
    #: The score from which on they are; None where two methods decide, each by its own.
    cut: float | None

    @property
    def order(self) -> NDArray[np.int64]:
        """Positions of the rows, the oddest first; equals in the order of the table."""
        return np.argsort(-self.scores, kind="stable")


def rank(request: Request, *, forest: Scores | None, factor: Scores | None) -> Ranking:
    """Return the order of the rows by one method's score, or by the mean of both ranks (above 0 to 1)."""
    used = [scores for scores in (forest, factor) if scores is not None]
    scores = used[0] if len(used) == 1 else np.mean([Series(one).rank(pct=True).to_numpy() for one in used], axis=0)
    if request.contamination is not None:
        cut = _score_of(scores, max(1, round(request.contamination * len(scores))))
        flagged = scores >= cut
    elif forest is not None and factor is not None:
        # Ranks have no natural cut: whoever both methods call odd is flagged, whatever its mean rank.
        cut, flagged = None, (forest >= FOREST_CUT) & (factor >= FACTOR_CUT)
    else:
        cut = FOREST_CUT if forest is not None else FACTOR_CUT
        flagged = scores >= cut
    return Ranking(scores=scores, forest=forest, factor=factor, flagged=flagged, cut=cut)


def _score_of(scores: Scores, number: int) -> float:
    """Return the least of so many highest scores."""
    return float(np.partition(scores, len(scores) - number)[len(scores) - number])
