"""What `describe` says about a column of dates: from when to when, with what gaps, on which days of the week."""

import numpy as np
from pandas import Series

from tasks.data.kinds import as_dates
from tasks.data.plain import plain_cell

#: One day, in the unit that dates from year 1 to 9999 fit in.
DAY = np.timedelta64(86_400_000_000, "us")


def date_profile(present: Series) -> dict[str, object]:
    """Return the first and the last date as the column writes them, and how the dates lie between."""
    dates = as_dates(present)
    moments = dates.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    steps = np.diff(np.sort(moments)) / DAY
    return {
        "min": plain_cell(present.iloc[moments.argmin()]),
        "max": plain_cell(present.iloc[moments.argmax()]),
        "span_days": float((moments.max() - moments.min()) / DAY),
        "days": int(dates.dt.floor("D").nunique()),
        "longest_gap_days": float(steps.max()) if len(steps) else None,
        "weekdays": np.bincount(dates.dt.day_of_week.to_numpy(), minlength=7).tolist(),
        "has_times": bool((dates != dates.dt.floor("D")).any()),
    }
