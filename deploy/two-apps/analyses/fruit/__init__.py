"""The analyses of the second application."""

from collections import Counter
from typing import Annotated

from tasks import Length, analysis


@analysis(deterministic=True)
def basket(*, fruits: Annotated[list[str], Length(1, 1000)]) -> dict[str, int]:
    """Count the fruits of a basket.

    Parameters
    ----------
    fruits
        What is in the basket.
    """
    return dict(Counter(fruits).most_common())
