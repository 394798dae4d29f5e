"""The labels of the rows: in the result, or as a file where there are many."""

from collections.abc import Mapping

from numpy import arange
from pandas import DataFrame

from tasks.cluster.grouping import Labels
from tasks.job import Job

#: Most labels that a result holds.
MOST_INLINE = 10_000
#: The file of more.
FILE = "labels.csv"


def labelled(job: Job, labels: Labels) -> Mapping[str, object]:
    """Return `labels` and `labels_file` of the result, one of them null; attach the file where it is needed."""
    if len(labels) <= MOST_INLINE:
        return {"labels": labels.tolist(), "labels_file": None}
    table = DataFrame({"row": arange(1, len(labels) + 1), "cluster": labels})
    job.file(FILE, table.to_csv(index=False), media_type="text/csv")
    return {"labels": None, "labels_file": FILE}
