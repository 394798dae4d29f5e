"""The scores of the rows: in the result, or as a file where there are many."""

import numpy as np
from pandas import DataFrame

from tasks.anomalies.ranking import Ranking
from tasks.job import Job

#: Most scores that a result holds.
MOST_INLINE = 10_000
#: The file of more.
FILE = "scores.csv"


def scored(job: Job, ranking: Ranking) -> dict[str, object]:
    """Return `scores` and `scores_file` of the result, one of them null; attach the file where it is needed."""
    if len(ranking.scores) <= MOST_INLINE:
        return {"scores": ranking.scores.tolist(), "scores_file": None}
    table = DataFrame({"row": np.arange(1, len(ranking.scores) + 1), "score": ranking.scores})
    for name, scores in (("isolation_forest", ranking.forest), ("local_outlier_factor", ranking.factor)):
        if scores is not None:
            table[name] = scores
    table["flagged"] = ranking.flagged
    job.file(FILE, table.to_csv(index=False), media_type="text/csv")
    return {"scores": None, "scores_file": FILE}
