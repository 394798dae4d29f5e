"""The coordinates of the rows: in the result, or as a file where there are many."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from tasks.job import Job

#: Most numbers that a result holds.
MOST_INLINE = 50_000
#: The file of more.
FILE = "coordinates.csv"


def listed(job: Job, points: NDArray[np.float64], rows: NDArray[np.int64] | None) -> dict[str, object]:
    """Return `coordinates`, `coordinates_file` and `coordinate_rows` of the result; attach the file where needed.

    `rows` are the positions of the rows in the table, counted from 0; None for all of them.
    """
    numbers = None if rows is None else (rows + 1).tolist()
    if points.size <= MOST_INLINE:
        return {"coordinates": points.tolist(), "coordinates_file": None, "coordinate_rows": numbers}
    names = [f"component_{at}" for at in range(1, points.shape[1] + 1)]
    table = DataFrame(points, columns=names)
    table.insert(0, "row", np.arange(1, len(points) + 1) if rows is None else rows + 1)
    job.file(FILE, table.to_csv(index=False), media_type="text/csv")
    return {"coordinates": None, "coordinates_file": FILE, "coordinate_rows": numbers}
