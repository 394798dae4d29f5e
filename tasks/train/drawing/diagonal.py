"""The dashed line from (0, 0) to (1, 1), which curves of shares are held against."""

import altair as alt
from pandas import DataFrame

from tasks.figures.style import INK

#: Of an axis of shares.
SHARES = alt.Scale(domain=[0, 1])


def draw_diagonal() -> alt.Chart:
    """Return the line."""
    ends = DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    line = alt.Chart(ends).mark_line(color=INK, strokeDash=[4, 4], strokeWidth=1)
    encoded: alt.Chart = line.encode(x="x:Q", y="y:Q")
    return encoded
