"""Each group's size, centre and place, in the units of the columns."""

from typing import Any

import numpy as np
from pandas import DataFrame

from tasks.cluster.grouping import NOISE, Grouping
from tasks.data.plain import plain_number


def profiles_of(numbers: DataFrame, grouping: Grouping) -> list[dict[str, Any]]:
    """Return each group's `cluster`, `size`, `share`, `centre` (its rows' mean) and `profile`.

    The profile is how many standard deviations of the column the centre lies from the mean of all rows.
    """
    names = [str(name) for name in numbers.columns]
    members = grouping.labels != NOISE
    centres = numbers[members].groupby(grouping.labels[members]).mean().reindex(range(grouping.count)).to_numpy()
    # The spread of denormal numbers is 0; their deviation is undefined, not infinite.
    with np.errstate(divide="ignore", invalid="ignore"):
        deviations = (centres - numbers.mean().to_numpy()) / numbers.std(ddof=0).to_numpy()
    sizes = np.bincount(grouping.labels[members], minlength=grouping.count).tolist()
    return [
        {
            "cluster": number,
            "size": size,
            "share": size / len(numbers),
            "centre": dict(zip(names, map(plain_number, centres[number]), strict=True)),
            "profile": dict(zip(names, map(plain_number, deviations[number]), strict=True)),
        }
        for number, size in enumerate(sizes)
    ]
