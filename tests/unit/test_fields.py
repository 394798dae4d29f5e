"""Every row of the type table is tried, and JSON Schema is held against validation."""

from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from marshmallow import ValidationError
from type_table import TABLE, Kind

from tasks import Analysis, analysis

KINDS = pytest.mark.parametrize("kind", TABLE.values(), ids=TABLE)


JSON_SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**300), 10**300) | st.integers(-5, 60)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)  # fmt: skip
JSON_VALUES = st.recursive(
    JSON_SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def analysis_of(annotation: object) -> Analysis:
    """An analysis whose one parameter `value` has the annotation."""

    def probe(*, value: Any) -> None:
        """Take a value."""

    probe.__annotations__ = {"value": annotation}
    # Where no example can be made, the table's row gives one; it plays no part here.
    good = next(kind.good[0][0] for kind in TABLE.values() if kind.annotation is annotation)
    return analysis(example={"value": good})(probe)


def is_taken(declared: Analysis, value: object) -> bool:
    try:
        declared.load({"value": value})
    except ValidationError:
        return False
    return True


def rows(side: str) -> list[Any]:
    return [
        pytest.param(kind.annotation, *row, id=f"{name}-{number}")
        for name, kind in TABLE.items()
        for number, row in enumerate(getattr(kind, side))
    ]


@pytest.mark.parametrize(("annotation", "sent", "received"), rows("good"))
def test_a_good_value_arrives_in_its_type(annotation: Any, sent: Any, received: Any) -> None:
    loaded = analysis_of(annotation).load({"value": sent})["value"]

    assert loaded == received
    assert type(loaded) is type(received)


@pytest.mark.parametrize(("annotation", "sent", "message"), rows("bad"))
def test_a_bad_value_is_refused_in_words(annotation: Any, sent: Any, message: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        analysis_of(annotation).load({"value": sent})

    expected = [message] if isinstance(message, str) else message
    assert refusal.value.messages == {"value": expected}


@KINDS
def test_a_required_value_may_not_be_missing(kind: Kind) -> None:
    with pytest.raises(ValidationError) as refusal:
        analysis_of(kind.annotation).load({})

    assert refusal.value.messages == {"value": ["Missing data for required field."]}


@KINDS
def test_the_json_schema_is_valid_and_takes_the_good_values(kind: Kind) -> None:
    schema = analysis_of(kind.annotation).json_schema()

    Draft202012Validator.check_schema(schema)

    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [list(validator.iter_errors({"value": sent})) for sent, _ in kind.good] == [[] for _ in kind.good]


@KINDS
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_json_schema_and_validation_agree(kind: Kind, data: st.DataObject) -> None:
    if kind.annotation is TABLE["date in a range"].annotation:
        kind = TABLE["date"]  # JSON Schema has no bounds for dates.
    declared = analysis_of(kind.annotation)
    validator = Draft202012Validator(declared.json_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)

    value = data.draw(kind.near | JSON_VALUES)

    assert is_taken(declared, value) == validator.is_valid({"value": value})


def even(value: int) -> None:
    if value % 2:
        raise ValidationError("Not even.")


def test_a_plain_function_validates_too() -> None:
    @analysis(example={"number": 2})
    def halve(*, number: Annotated[int, even]) -> int:
        return number // 2

    with pytest.raises(ValidationError, match=r"Not even\."):
        halve.load({"number": 3})
