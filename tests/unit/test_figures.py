"""The house style of figures, checked by what an eye needs, and the drawing of rows that a figure can't all show."""

import altair as alt
import numpy as np
import pytest
import vl_convert
from altair.utils.schemapi import SchemaValidationError
from pandas import DataFrame

from tasks.figures.rows import MOST_POINTS, sample_rows
from tasks.figures.style import CATEGORICAL, INK, SUBTITLE_LINE, TITLE_LINE, in_house_style

#: Pages that figures stand on: white, and the grey of dark themes.
PAGES = {"white": "#FFFFFF", "dark": "#1E1E1E"}


def chart(rows: int = 3) -> alt.Chart:
    table = DataFrame({"x": range(rows), "y": range(rows), "series": [f"s{row % 3}" for row in range(rows)]})
    return alt.Chart(table).mark_line().encode(x="x:Q", y="y:Q", color="series:N")


def luminance(colour: str) -> float:
    """Return the relative luminance. Source: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_text_is_readable_on_white_and_on_dark_pages(page: str) -> None:
    assert contrast(INK, page) >= 3.5


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_the_first_series_shows_on_white_and_on_dark_pages(page: str) -> None:
    assert all(contrast(colour, page) >= 2.2 for colour in CATEGORICAL[:5])


def test_all_text_of_a_figure_is_in_the_colour_of_text() -> None:
    config = in_house_style(chart(), title="What one sees")["config"]
    colours = {
        value
        for part in ("axis", "legend", "title", "header", "text", "rule")
        for key, value in config[part].items()
        if key.lower().endswith("color")
    }
    assert colours == {INK}
    assert config["background"] == "transparent"


def test_a_figure_tells_its_title_and_how_it_came_about() -> None:
    title = in_house_style(chart(), title="What one sees", subtitle="How it came about")["title"]
    assert title == {"text": ["What one sees"], "subtitle": ["How it came about"]}


def test_long_titles_are_wrapped() -> None:
    title = in_house_style(chart(), title="word " * 40, subtitle="word " * 60)["title"]
    assert len(title["text"]) > 1
    assert max(map(len, title["text"])) <= TITLE_LINE
    assert max(map(len, title["subtitle"])) <= SUBTITLE_LINE


def test_the_same_chart_gives_the_same_specification() -> None:
    layered = [in_house_style(chart() + chart(5), title="Twice") for _ in range(2)]
    assert layered[0] == layered[1]


@pytest.mark.parametrize(
    "make", [chart, lambda: chart() + chart(), lambda: chart() | chart()], ids=("one", "layered", "side by side")
)
def test_every_kind_of_chart_is_rendered(make: object) -> None:
    picture = vl_convert.vegalite_to_png(in_house_style(make(), title="What one sees"))  # type: ignore[operator]
    assert picture.startswith(b"\x89PNG")


def test_a_chart_that_vega_lite_does_not_know_is_refused() -> None:
    with pytest.raises(SchemaValidationError):
        in_house_style(chart().encode(x=alt.X("x:Q", scale={"type": "sideways"})), title="Wrong")


def test_more_rows_than_a_figure_holds_are_refused() -> None:
    with pytest.raises(alt.MaxRowsError):
        in_house_style(chart(MOST_POINTS + 1), title="Too many")


def test_a_small_table_is_drawn_whole() -> None:
    table = DataFrame({"x": range(10)})
    drawn, sentence = sample_rows(table, most=10, rng=np.random.default_rng(1))
    assert drawn is table
    assert sentence == ""


def test_of_a_large_table_rows_are_drawn_in_their_order() -> None:
    table = DataFrame({"x": range(60_000)})
    drawn, sentence = sample_rows(table, most=5_000, rng=np.random.default_rng(1))
    assert sentence == "5,000 of 60,000 rows, drawn at random."
    assert drawn["x"].is_monotonic_increasing
    assert drawn["x"].nunique() == 5_000


def test_the_same_seed_draws_the_same_rows() -> None:
    table = DataFrame({"x": range(100)})
    once, again = (sample_rows(table, most=10, rng=np.random.default_rng(1))[0] for _ in range(2))
    assert once.equals(again)
