"""Nested messages become a flat list of JSON Pointers."""

from app.submitting.pointers import MOST, refuse_fields


def errors(messages: dict[str, object]) -> list[dict[str, str]]:
    found = refuse_fields(messages).members["errors"]
    assert isinstance(found, list)
    return found


def test_nesting_becomes_a_path() -> None:
    assert errors({"params": {"items": {2: ["Not a number."]}}}) == [
        {"path": "/params/items/2", "message": "Not a number."}
    ]


def test_each_message_is_an_error_of_its_own() -> None:
    assert [error["message"] for error in errors({"seed": ["One.", "Two."]})] == ["One.", "Two."]


def test_what_is_wrong_with_an_object_is_at_its_own_path() -> None:
    assert errors({"params": {"_schema": ["They don't fit."]}}) == [{"path": "/params", "message": "They don't fit."}]


def test_slashes_and_tildes_are_escaped() -> None:
    assert errors({"a/b~c": ["No."]})[0]["path"] == "/a~1b~0c"


def test_a_long_name_is_not_repeated_whole() -> None:
    assert len(errors({"x" * 10_000: ["Unknown field."]})[0]["path"]) < 300


def test_a_flood_of_errors_is_cut() -> None:
    assert len(errors({str(number): ["No."] for number in range(1000)})) == MOST


def test_the_detail_names_the_first_and_counts_the_rest() -> None:
    assert refuse_fields({"a": ["No."], "b": ["No."]}).detail == "/a: No. (and 1 more)"
