"""What `describe` says about a column of numbers: its place, its spread, its tails."""

from collections.abc import Sequence

import numpy as np
from pandas import Series

from tasks.data.plain import Plain, plain_cell, plain_number

#: Outliers lie further from the middle half than so many times its width; far ones than so many.
FENCE, FAR_FENCE = 1.5, 3.0


def number_profile(present: Series, quantiles: Sequence[float]) -> dict[str, object]:
    """Return the figures of the finite values, in the column's unit, and how many are infinite."""
    finite = present[np.isfinite(present.to_numpy(dtype=np.float64))]
    numbers = finite.astype("float64")
    # Numbers near the limit of a double overflow to infinity on the way; the result then says null.
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            "infinite": len(present) - len(finite),
            "zeros": int((numbers == 0).sum()),
            "negative": int((numbers < 0).sum()),
            "mean": plain_number(numbers.mean()),
            "std": plain_number(numbers.std(ddof=1)),
            "min": _exact(finite.min()),
            "max": _exact(finite.max()),
            "skew": plain_number(numbers.skew()),
            "kurtosis": plain_number(numbers.kurt()),
            "quantiles": [{"quantile": share, "value": _quantile(numbers, share)} for share in sorted(set(quantiles))],
            "outliers": _outliers(numbers),
        }


def _outliers(numbers: Series) -> dict[str, object] | None:
    """Return how many values lie outside Tukey's fences, and where these are; None where they are undefined.

    Source: Tukey (1977), Exploratory data analysis, section 2D.
    """
    lower, upper = (_quantile(numbers, share) for share in (0.25, 0.75))
    if lower is None or upper is None or not np.isfinite(upper - lower):
        return None
    low, high = lower - FENCE * (upper - lower), upper + FENCE * (upper - lower)
    far_low, far_high = lower - FAR_FENCE * (upper - lower), upper + FAR_FENCE * (upper - lower)
    return {
        "below": int((numbers < low).sum()),
        "above": int((numbers > high).sum()),
        "far": int(((numbers < far_low) | (numbers > far_high)).sum()),
        "lower_fence": plain_number(low),
        "upper_fence": plain_number(high),
    }


def _quantile(numbers: Series, share: float) -> float | None:
    return plain_number(numbers.quantile(share)) if len(numbers) else None


def _exact(value: float) -> Plain:
    """Keep integers as integers: beyond 2**53 a float would change them."""
    return plain_cell(value)
