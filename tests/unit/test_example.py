"""The catalog's example of params always validates; where none can be made, the author is asked for one."""

from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow.validate import Regexp
from type_table import TABLE

from tasks import CatalogError, Length, Range, analysis


def asks_for(annotation: Any) -> Any:
    """A function with one required parameter of the annotation."""

    def probe(*, value: Any) -> None: ...

    probe.__annotations__ = {"value": annotation}
    return probe


@pytest.mark.parametrize("name", sorted(TABLE.keys() - {"str of a pattern"}))
def test_an_example_can_be_made_for_every_kind(name: str) -> None:
    declared = analysis(asks_for(TABLE[name].annotation))

    assert declared.load(declared.example()).keys() == {"value"}


@given(
    low=st.integers(-100, 100),
    width=st.integers(2, 20),
    inclusive=st.tuples(st.booleans(), st.booleans()),
    kind=st.sampled_from([int, float]),
)
def test_an_example_lies_within_any_range(low: int, width: int, inclusive: tuple[bool, bool], kind: type) -> None:
    within = Range(low, low + width, min_inclusive=inclusive[0], max_inclusive=inclusive[1])

    declared = analysis(asks_for(Annotated[kind, within]))

    within(declared.example()["value"])


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Annotated[float, Range(max=-3, max_inclusive=False)], -4.0),
        (Annotated[float, Range(min=3, min_inclusive=False)], 4.0),
        (Annotated[list[Annotated[str, Length(6)]], Length(2)], ["textxx", "textxx"]),
        (Annotated[list[int], Length(max=0)], []),
        (Annotated[dict[Annotated[str, Length(equal=6)], bool], Length(2)], {"textxx": True, "text1x": True}),
        (Annotated[date, Range(min=date(2030, 1, 1))], "2030-01-01"),
        (Literal["b", "a"], "b"),
    ],
    ids=str,
)
def test_an_example_is_made_from_the_bounds(annotation: Any, expected: Any) -> None:
    assert analysis(asks_for(annotation)).example() == {"value": expected}


class Method(Enum):
    FAST = "fast"


def test_an_example_shows_the_defaults_but_null() -> None:
    @analysis
    def probe(*, rate: float, method: Method = Method.FAST, seed: int | None = None, empty: list[int] = []) -> None:  # noqa: B006 - a default is copied
        ...

    assert probe.example() == {"rate": 1.0, "method": "fast", "empty": []}


def test_a_pattern_needs_an_example_of_the_author() -> None:
    with pytest.raises(CatalogError, match=r"no example of its params can be made .* @analysis\(example={…}\)"):
        analysis(asks_for(Annotated[str, Regexp("[A-Z]{3}$")]))


def test_an_example_of_the_author_is_shown() -> None:
    declared = analysis(example={"value": "EUR"})(asks_for(Annotated[str, Regexp("[A-Z]{3}$")]))

    assert declared.example() == {"value": "EUR"}


def test_an_example_that_does_not_validate_is_refused() -> None:
    with pytest.raises(CatalogError, match=r"its example is refused .*Not an integer"):
        analysis(example={"value": "3"})(asks_for(int))
