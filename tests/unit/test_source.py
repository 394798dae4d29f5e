"""The `data` of a request: what is accepted, what is refused and how, and that it is quick."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator
from marshmallow import ValidationError

import tasks
from tasks.data import limits
from tasks.data.source import BUILTINS, Source, load_source, source_json_schema

ACCEPTED = [
    {"builtin": "iris"},
    {"records": [{"a": 1}]},
    {"records": [{"a": 1, "b": None}, {"b": "x"}, {}]},
    {"columns": {"a": [1, 2.5], "b": [True, None]}},
    {"dataset": "01890a5d-ac96-774b-bcce-b302099a8057"},
]

REFUSED = {
    "no object": ([1], ["Must be an object with one member"]),
    "nothing": ({}, ["Send exactly one of builtin, records, columns, dataset."]),
    "two members": ({"builtin": "iris", "records": [{"a": 1}]}, ["not 2 of them"]),
    "unknown member": ({"url": "http://localhost/"}, {"url": ["Unknown member"]}),
    "unknown set": ({"builtin": "titanic"}, {"builtin": ["Must be one of iris"]}),
    "set that is no text": ({"builtin": ["iris"]}, {"builtin": ["Must be one of iris"]}),
    "data set that is no id": ({"dataset": "../1"}, {"dataset": ["Must be the id of a data set"]}),
    "records as object": ({"records": {"a": 1}}, {"records": ["Must be a list"]}),
    "no records": ({"records": []}, {"records": ["Has no rows"]}),
    "records without columns": ({"records": [{}, {}]}, {"records": ["Has no columns"]}),
    "record as list": ({"records": [{"a": 1}, [1]]}, {"records": {1: ["Must be an object."]}}),
    "nested cell": ({"records": [{"a": 1}, {"a": {"b": 1}}]}, {"records": {1: {"a": ["Must be null, true"]}}}),
    "NaN": ({"records": [{"a": float("nan")}]}, {"records": {0: {"a": ["Must be a finite number"]}}}),
    "NaN behind a number": ({"columns": {"a": [1.0, float("nan")]}}, {"columns": {"a": {1: ["Must be a finite"]}}}),
    "infinity": ({"columns": {"a": [1, float("-inf")]}}, {"columns": {"a": {1: ["Must be a finite number"]}}}),
    "integer beyond 64 bits": ({"records": [{"a": 2**64}]}, {"records": {0: {"a": ["Is a whole number beyond"]}}}),
    "unpaired surrogate": ({"records": [{"a": "\ud800"}]}, {"records": {0: {"a": ["Holds an unpaired surrogate"]}}}),
    "unpaired surrogate in a name": ({"records": [{"\ud800": 1}]}, {"records": ["Can't be written"]}),
    "blank name": ({"records": [{" ": 1}]}, {"records": ["A column has no name"]}),
    "name that is no text": ({"columns": {1: [1]}}, {"columns": ["A column has no name"]}),
    "long name": ({"columns": {"a" * 501: [1]}}, {"columns": ["A column's name is longer than 500"]}),
    "long text": ({"columns": {"a": ["x" * 100_001]}}, {"columns": {"a": {0: ["Is a text of 100,001 characters"]}}}),
    "columns as list": ({"columns": [1]}, {"columns": ["Must be an object with one list per column."]}),
    "no columns": ({"columns": {}}, {"columns": ["Has no columns"]}),
    "column as number": ({"columns": {"a": [1], "b": 1}}, {"columns": {"b": ["Must be a list."]}}),
    "empty columns": ({"columns": {"a": [], "b": []}}, {"columns": ["Has no rows"]}),
    "uneven columns": (
        {"columns": {"a": [1], "b": [1, 2]}},
        {"columns": {"b": ["Has 2 values, but column 'a' has 1"]}},
    ),
    "too many columns": ({"records": [{f"c{i}": 1 for i in range(2_001)}]}, {"records": ["Has 2,001 columns"]}),
}


def starts_alike(actual: object, expected: object) -> bool:
    """Tell whether messages sit at the same paths, each containing what is expected there."""
    if isinstance(expected, dict):
        return (
            isinstance(actual, dict)
            and actual.keys() == expected.keys()
            and all(starts_alike(actual[key], expected[key]) for key in expected)
        )
    return isinstance(actual, list) and len(actual) == len(expected) and expected[0] in actual[0]


@pytest.mark.parametrize("value", ACCEPTED, ids=str)
def test_a_source_keeps_what_was_sent(value: dict[str, object]) -> None:
    source = load_source(value)
    kept = source.name if source.kind in ("builtin", "dataset") else orjson.loads(source.payload or b"")
    assert {source.kind: kept} == value


@pytest.mark.parametrize(("value", "messages"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_wrong_is_told_at_its_path(value: object, messages: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        load_source(value)
    assert starts_alike(refusal.value.messages, messages), refusal.value.messages


@pytest.mark.parametrize("value", ACCEPTED, ids=str)
def test_the_json_schema_accepts_what_the_check_accepts(value: object) -> None:
    Draft202012Validator(source_json_schema()).validate(value)


STRUCTURAL = ["nothing", "two members", "unknown member", "unknown set", "no records", "nested cell", "no columns"]


@pytest.mark.parametrize("case", STRUCTURAL)
def test_the_json_schema_refuses_what_the_check_refuses(case: str) -> None:
    assert not Draft202012Validator(source_json_schema()).is_valid(REFUSED[case][0])


def test_the_json_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(json.loads(json.dumps(source_json_schema())))


def test_only_the_first_twenty_bad_cells_are_listed() -> None:
    with pytest.raises(ValidationError) as refusal:
        load_source({"records": [{"a": []} for _ in range(100)]})
    assert list(refusal.value.messages["records"]) == list(range(20))


def test_sparse_records_count_as_the_table_they_become(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CELLS", 99)
    with pytest.raises(ValidationError, match="10 rows by 10 columns"):
        load_source({"records": [{f"c{row}": 1} for row in range(10)]})


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ROWS", 2)
    with pytest.raises(ValidationError, match="Has 3 rows; at most 2"):
        load_source({"columns": {"a": [1, 2, 3]}})


def test_a_million_cells_are_checked_in_a_few_times_what_writing_them_takes() -> None:
    records = [{f"c{column}": (row * 0.5, "text", None)[column % 3] for column in range(10)} for row in range(100_000)]
    source = {"records": records}
    rounds = [(cpu_of(lambda: load_source(source)), cpu_of(lambda: json.dumps(source))) for _ in range(3)]
    # About as long as writing; a field of marshmallow for each cell would take thirty times that.
    assert min(checked for checked, _ in rounds) < 4 * min(written for _, written in rounds)


def cpu_of(act: Callable[[], object]) -> float:
    """The processor seconds that it takes."""
    began = time.process_time()
    act()
    return time.process_time() - began


def test_an_uploaded_file_is_passed_on_as_it_came() -> None:
    source = Source.file(b"a\n1\n", "a.csv", "text/csv")
    assert (source.kind, source.name, source.media_type, source.open().read()) == (
        "file",
        "a.csv",
        "text/csv",
        b"a\n1\n",
    )


def test_there_are_five_builtin_sets() -> None:
    assert BUILTINS == ("iris", "wine", "breast_cancer", "diabetes", "digits")


def test_declarations_and_sources_load_nothing_heavy() -> None:
    declarations = sorted(path.parent.name for path in Path(tasks.__path__[0]).glob("*/params.py"))
    assert len(declarations) >= 10
    modules = ", ".join(["tasks.data.source", *(f"tasks.{name}.params" for name in declarations)])
    program = f"import sys, {modules}; print(*{{'numpy', 'pandas', 'sklearn', 'scipy'}} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
