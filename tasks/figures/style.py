"""How every figure looks: fonts, sizes, and colours that are told apart by all eyes, on white and on dark pages."""

from textwrap import wrap
from typing import Any, Final

import altair as alt

#: Colours of series, in order: Okabe and Ito's, with the yellow last and their black made a grey that shows on dark
#: pages. Source: Okabe & Ito, Color Universal Design (2008), https://jfly.uni-koeln.de/color/
CATEGORICAL = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A7A7A", "#F0E442")
#: The colour of what a figure is about.
ACCENT = CATEGORICAL[0]
#: The colour of what it is held against.
CONTRAST = CATEGORICAL[1]
#: The colour of text, axes and lines of reference: at least 3.5 : 1 on white and on dark grey.
INK = "#7A7A7A"
#: The scheme of amounts, from none to many.
SEQUENTIAL: Final = "viridis"
#: The scheme of values around a middle.
DIVERGING: Final = "blueorange"
#: Width and height of a single view, in pixels.
WIDTH, HEIGHT = 480, 300
#: Longest line of a title and of a subtitle, in characters; more is wrapped.
TITLE_LINE, SUBTITLE_LINE = 60, 85
#: Fonts that every system has one of.
FONT = "Inter, Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif"

#: Any chart, layered and composed ones included.
AnyChart = (
    alt.Chart
    | alt.LayerChart
    | alt.FacetChart
    | alt.ConcatChart
    | alt.HConcatChart
    | alt.VConcatChart
    | alt.RepeatChart
)

_AXIS = {
    "labelColor": INK,
    "titleColor": INK,
    "domainColor": INK,
    "tickColor": INK,
    "gridColor": INK,
    "gridOpacity": 0.25,
    "labelFontSize": 12,
    "titleFontSize": 13,
    "titleFontWeight": "normal",
    "labelLimit": 160,
    "titleLimit": 400,
}
_LEGEND = {
    "labelColor": INK,
    "titleColor": INK,
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "labelLimit": 200,
}
_TITLE = {
    "anchor": "start",
    "color": INK,
    "subtitleColor": INK,
    "fontSize": 16,
    "subtitleFontSize": 12,
    "fontWeight": 600,
    "offset": 14,
    "subtitlePadding": 6,
}
_CONFIG: dict[str, object] = {
    "background": "transparent",
    "font": FONT,
    "axis": _AXIS,
    # Names of categories are too long to stand side by side, and lying on their side they are hard to read.
    "axisXDiscrete": {"labelAngle": -35},
    "legend": _LEGEND,
    "title": _TITLE,
    "header": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 13, "labelLimit": 200},
    "view": {"stroke": None, "continuousWidth": WIDTH, "continuousHeight": HEIGHT},
    "range": {"category": list(CATEGORICAL), "heatmap": {"scheme": SEQUENTIAL}, "diverging": {"scheme": DIVERGING}},
    "mark": {"color": ACCENT},
    "text": {"color": INK, "fontSize": 12},
    "rule": {"color": INK},
}


def in_house_style(chart: AnyChart, *, title: str, subtitle: str = "") -> dict[str, Any]:
    """Return the finished Vega-Lite specification of a chart, checked against Vega-Lite's schema.

    The title says what one sees; the subtitle how it came about. A view that sets no size is 480 by 300 pixels; one
    with categories on an axis grows with their number.

    Raises altair.utils.SchemaValidationError for a chart that Vega-Lite does not know, and altair.MaxRowsError for
    more than 5,000 rows of data. Source: https://vega.github.io/vega-lite/docs/config.html
    """
    heading = alt.TitleParams(text=wrap(title, TITLE_LINE) or "")
    if subtitle:
        heading.subtitle = wrap(subtitle, SUBTITLE_LINE)
    return chart.properties(title=heading, config=_CONFIG).to_dict()
