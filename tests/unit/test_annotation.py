"""Annotations that can't become a field are refused at declaration, in one line that says what is allowed."""

import collections.abc
from datetime import date, datetime
from enum import Enum, Flag
from typing import Annotated, Any, Literal, Union

import pytest
from marshmallow import validate

from tasks import CatalogError, Length, Range
from tasks.framework.annotation import field_of


class Empty(Enum):
    """No member."""


class Odd(Enum):
    PAIR = (1, 2)


class Colour(Enum):
    RED = "red"


class Bits(Flag):
    ONE = 1


UNSUPPORTED = [
    *(Any, object, None, bytes, complex, set, frozenset, tuple, list, dict, Flag, 3, "", ...),
    *(set[int], tuple[int, str], collections.abc.Sequence[int], collections.abc.Mapping[str, int], type[int]),
    *(int | str, int | str | None, int | float, Union[date, datetime], list[int | str], list[Any]),  # noqa: UP007
    *(dict[int, str], dict[str | None, int], dict[str, bytes], dict[Literal["a"], int], Annotated[set[int], Length(1)]),
    *(Literal[b"x"], Literal[Colour.RED], Literal[None], Empty, Odd, lambda value: value),
]
UNSUITED = [
    *(Annotated[str, Range(1, 3)], Annotated[bool, Range(0, 1)], Annotated[list[int], Range(1, 3)]),
    *(Annotated[int, Length(1)], Annotated[bool, Length(1)], Annotated[date, Length(1)]),
    *(Annotated[int, Range("a", "b")], Annotated[date, Range(1, 3)], Annotated[int, validate.Regexp("a")]),
    *(Annotated[datetime, Range(min=datetime(2026, 1, 1))], Annotated[Literal["a"], Range(1, 3)]),  # noqa: DTZ001
    *(
        Annotated[Colour, Range(1, 3)],
        Annotated[int, validate.Email()],
        list[Annotated[str, Range(1, 3)]],
        Annotated[list[str], validate.URL()],
    ),
]


@pytest.mark.parametrize(
    "annotation", UNSUPPORTED, ids=lambda annotation: getattr(annotation, "__name__", str(annotation))
)
def test_an_unsupported_annotation_is_refused(annotation: Any) -> None:
    with pytest.raises(CatalogError) as refusal:
        field_of(annotation)

    assert "allowed are int, float" in str(refusal.value) or "can't become a field" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("annotation", UNSUITED, ids=str)
def test_a_validator_of_another_type_is_refused(annotation: Any) -> None:
    with pytest.raises(CatalogError, match="has a validator that does not suit its type"):
        field_of(annotation)


@pytest.mark.parametrize("metadata", ["a text", Range, 3, None, {"ge": 2}], ids=repr)
def test_metadata_that_would_be_ignored_is_refused(metadata: Any) -> None:
    with pytest.raises(CatalogError, match=r"is no marshmallow validator; write for example Range\(2, 50\)"):
        field_of(Annotated[int, metadata])


def test_a_flag_is_an_enum_of_its_members() -> None:
    assert field_of(Bits).deserialize(1) is Bits.ONE


def test_combined_validators_are_taken_one_by_one() -> None:
    field = field_of(Annotated[int, validate.And(Range(min=1), Range(max=5))])

    assert [repr(each) for each in field.validators] == [repr(Range(min=1)), repr(Range(max=5))]
