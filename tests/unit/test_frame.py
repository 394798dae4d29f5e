"""Sources as tables: the built-in sets, JSON, and CSV with everything that can be wrong with one."""

import math

import pytest
from sklearn import datasets

from tasks import AnalysisError
from tasks.data import delimited
from tasks.data.frame import read_frame
from tasks.data.source import BUILTINS, Source, load_source

SHAPES = {"iris": (150, 5), "wine": (178, 14), "breast_cancer": (569, 31), "diabetes": (442, 11), "digits": (1797, 65)}


@pytest.mark.parametrize("name", BUILTINS)
def test_a_builtin_set_has_its_features_and_a_target(name: str) -> None:
    frame = read_frame(load_source({"builtin": name}))
    assert frame.shape == SHAPES[name]
    assert frame.columns[-1] == "target"


def test_classes_of_a_builtin_set_are_names() -> None:
    frame = read_frame(load_source({"builtin": "iris"}))
    assert frame["target"].unique().tolist() == ["setosa", "versicolor", "virginica"]


def test_numbers_of_a_builtin_set_are_those_of_scikit_learn() -> None:
    frame = read_frame(load_source({"builtin": "diabetes"}))
    assert (frame["target"].to_numpy() == datasets.load_diabetes().target).all()


def test_keys_that_records_leave_out_are_missing() -> None:
    frame = read_frame(load_source({"records": [{"a": 1}, {"b": "x"}]}))
    assert frame.isna().to_numpy().tolist() == [[False, True], [True, False]]


def test_columns_keep_their_order() -> None:
    frame = read_frame(load_source({"columns": {"z": [1], "a": [2]}}))
    assert list(frame.columns) == ["z", "a"]


def test_integers_that_no_integer_type_can_hold_together_become_floats() -> None:
    frame = read_frame(load_source({"columns": {"a": [2**64 - 1, -1]}}))
    assert frame["a"].dtype == "float64"


READ = {
    "comma": (b"a,b\n1,x\n2,y\n", {"a": [1, 2], "b": ["x", "y"]}),
    "semicolon": (b"a;b\n1;x,y\n2;z\n", {"a": [1, 2], "b": ["x,y", "z"]}),
    "tab": (b"a\tb\n1\tx\n", {"a": [1], "b": ["x"]}),
    "vertical bar": (b"a|b\n1|x\n", {"a": [1], "b": ["x"]}),
    "one column": (b"a\n1\n2\n", {"a": [1, 2]}),
    "byte order mark": (b"\xef\xbb\xbfa,b\n1,2\n", {"a": [1], "b": [2]}),
    "carriage returns": (b"a,b\r\n1,2\r\n", {"a": [1], "b": [2]}),
    "old Mac": (b"a,b\r1,2\r", {"a": [1], "b": [2]}),
    "no last line end": (b"a,b\n1,2", {"a": [1], "b": [2]}),
    "blank lines": (b"\na,b\n\n1,2\n  \n3,4\n\n", {"a": [1, 3], "b": [2, 4]}),
    "quoted delimiter": (b'a,b\n"1,5",x\n', {"a": ["1,5"], "b": ["x"]}),
    "line end in quotes": (b'a,b\n"x\ny",2\n', {"a": ["x\ny"], "b": [2]}),
    "decimal comma": (b"a;b\n1,5;x\n-2;y\n", {"a": [1.5, -2.0], "b": ["x", "y"]}),
    "digits of another script": ("a;b\n\u0661,\u0665;1\n".encode(), {"a": ["\u0661,\u0665"], "b": [1]}),
    "decimal comma with tabs": (b"a\tb\n1,5\t1\n", {"a": [1.5], "b": [1]}),
    "a comma that is no decimal one": (b"a;b\n1,5;x\nn,m;y\n", {"a": ["1,5", "n,m"], "b": ["x", "y"]}),
    "row numbers without a name": (b",a\n0,5\n1,6\n", {"column_1": [0, 1], "a": [5, 6]}),
    "spaces in the header": (b" a , b\n1,2\n", {"a": [1], "b": [2]}),
    "text beyond ASCII": ("städte,größe\nKöln,1\n".encode(), {"städte": ["Köln"], "größe": [1]}),
    "a header that begins like JSON": (b"[m/s],b\n1,2\n", {"[m/s]": [1], "b": [2]}),
    "Windows-1252": ("a;b\nKöln: 5 €;1\n".encode("cp1252"), {"a": ["Köln: 5 €"], "b": [1]}),
    "UTF-16": ("a,b\nKöln,2\n".encode("utf-16"), {"a": ["Köln"], "b": [2]}),
    "thousands with points": (b"a;b\n1.234,5;1\n-12,25;2\n", {"a": [1234.5, -12.25], "b": [1, 2]}),
    "thousands with points only": (b"a;b\n1,5;1.234\n2,5;987\n", {"a": [1.5, 2.5], "b": [1234, 987]}),
    "decimal points beside decimal commas": (b"a;b\n1,5;1.25\n2,5;2.5\n", {"a": [1.5, 2.5], "b": [1.25, 2.5]}),
    "thousands with commas": (b'a,b\n"1,234.5",1\n999,2\n', {"a": [1234.5, 999.0], "b": [1, 2]}),
    "thousands with commas between semicolons": (b"a;b\n1,234.5;1\n999.25;2\n", {"a": [1234.5, 999.25], "b": [1, 2]}),
    "thousands with apostrophes": (b"a;b\n1'234.50;1\n99.00;2\n", {"a": [1234.5, 99.0], "b": [1, 2]}),
    "telephone numbers": (b"a,b\n030 123456,1\n+49 30 12,2\n", {"a": ["030 123456", "+49 30 12"], "b": [1, 2]}),
    "an integer beyond 64 bits": (b"a\n100000000000000000000\n1\n", {"a": [1e20, 1.0]}),
}


@pytest.mark.parametrize(("raw", "columns"), READ.values(), ids=READ.keys())
def test_a_csv_is_read(raw: bytes, columns: dict[str, list[object]]) -> None:
    assert read_frame(Source.csv(raw)).to_dict("list") == columns


def test_empty_cells_and_marks_of_absence_are_missing() -> None:
    frame = read_frame(Source.csv(b"a,b\n1,NA\n,x\n"))
    assert math.isnan(frame["a"][1])
    assert frame["b"].isna().tolist() == [True, False]


REFUSED = {
    "empty": (b"", "The file is empty"),
    "blank": (b"\n \n", "The file is empty"),
    "header only": (b"a,b\n", "has a header line but no rows"),
    "too few cells": (b"a,b\n1,2\n3\n", "Line 3 has 1 cell, the header has 2 (delimiter: comma)"),
    "too many cells": (b"a;b\n1;2\n\n3;4;5\n", "Line 4 has 3 cells, the header has 2 (delimiter: semicolon)"),
    "too many cells after a record of two lines": (b'a,b\n"x\ny",2\n3,4,5\n', "Line 4 has 3 cells"),
    "duplicate names": (b"a,b,a\n1,2,3\n", "Columns 1 and 3 are both called 'a'"),
    "open quote": (b'a,b\n1,2\n"3,4\n5,6\n', "line 3 opens a quote that is never closed"),
    "text after a quote": (b'a,b\n"x"y,1\n', "The record on line 2 can't be read"),
    "endless cell": (b"a,b\n" + b"x" * 200_000 + b",1\n", "line 2 has a cell that is too long"),
    "broken UTF-8": ("a,b\nä,1\n".encode() + b"x\xff,2\n", "Line 3 of the file isn't UTF-8, though others"),
    "cut UTF-8": ("a,b\nä,1\nö".encode()[:-1], "Line 3 of the file isn't UTF-8, though others"),
    "neither": (b"a,b\n1,x\x81\n", "Line 2 of the file is neither UTF-8 nor Windows-1252 at column 4"),
    "broken UTF-16": ("a,b\n1,2\n".encode("utf-16") + b"\x00", "begins as UTF-16, but after line 2 it is not"),
    "NUL": (b"a,b\n1,\x002\n", "Line 2 of the file holds a NUL byte at column 3"),
    "NUL far behind": (b"a,b\n" + b"1,2\n" * 50_000 + b"\x00", "Line 50002 of the file holds a NUL byte at column 1"),
    "Excel": (b"PK\x03\x04...xl/workbook.xml", "looks like an Excel workbook (.xlsx)"),
    "ZIP": (b"PK\x03\x04...", "looks like a ZIP archive"),
    "Parquet": (b"PAR1...", "looks like a Parquet file"),
    "old Excel": (b"\xd0\xcf\x11\xe0...", "looks like an old Excel workbook"),
    "JSON records": (b'[{"a": 1}]', "looks like a JSON list"),
    "JSON object": (b'\n{ "a": 1}', "looks like a JSON lines file"),
    "HTML": (b"<!doctype html>", "looks like HTML or XML"),
    "long name": (b"a" * 501 + b"\n1\n", "A column's name is longer than 500"),
    "too many columns": (b"x," * 2_000 + b"x\n", "has 2,001 columns"),
    "prose": (b"just some text\nwith lines, and commas\n", "Line 2 has 2 cells, the header has 1"),
}


@pytest.mark.parametrize(("raw", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_broken_csv_is_refused_with_what_to_do(raw: bytes, message: str) -> None:
    with pytest.raises(AnalysisError) as refusal:
        read_frame(Source.csv(raw))
    assert message in str(refusal.value)


def test_a_csv_with_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_ROWS", 2)
    with pytest.raises(AnalysisError, match="at most 2 rows"):
        read_frame(Source.csv(b"a\n1\n2\n3\n"))
