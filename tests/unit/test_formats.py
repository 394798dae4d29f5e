"""Files of every format as tables: what is recognised, and what is said of a broken one and where."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.data import columnar
from tasks.data.files import read_file
from tasks.data.formats import Format, tell_format
from tasks.data.kinds import kind_of
from tasks.data.overview import overview_of
from tasks.data.refusal import FileRefused
from tasks.data.source import Source

TABLE = pa.table({"a": [1, 2, None], "b": ["x", None, "z"]})


def parquet(table: pa.Table = TABLE) -> bytes:
    file = BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def arrow_file(table: pa.Table = TABLE) -> bytes:
    file = BytesIO()
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def arrow_stream(table: pa.Table = TABLE) -> bytes:
    file = BytesIO()
    with pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


CSV = b"a,b\n1,x\n2,\n,z\n"
JSON_LINES = b'{"a": 1, "b": "x"}\n{"a": 2}\n\n{"b": "z", "a": null}\n'
SAME = {
    "CSV": (CSV, Format.CSV, "text/csv", "x.csv"),
    "Parquet": (parquet(), Format.PARQUET, "application/vnd.apache.parquet", "x.parquet"),
    "JSON lines": (JSON_LINES, Format.JSON_LINES, "application/x-ndjson", "x.jsonl"),
    "Arrow file": (arrow_file(), Format.ARROW, "application/vnd.apache.arrow.file", "x.feather"),
    "Arrow stream": (arrow_stream(), Format.ARROW, "application/vnd.apache.arrow.stream", "x.arrows"),
}


@pytest.mark.parametrize(("raw", "kind", "media_type", "name"), SAME.values(), ids=SAME.keys())
def test_the_same_table_is_read_from_every_format(raw: bytes, kind: Format, media_type: str, name: str) -> None:
    for source in (Source.file(raw), Source.file(raw, None, media_type), Source.file(raw, name)):
        table = read_file(source).table
        assert table["a"].fillna(-1).tolist() == [1, 2, -1]
        assert table["b"].fillna("-").tolist() == ["x", "-", "z"]
    assert tell_format(raw, media_type=media_type, name=name) is kind


MISDECLARED = {
    "Parquet as CSV": (parquet(), "text/csv", "", "was sent as text/csv, but it looks like a Parquet file"),
    "CSV as Parquet": (CSV, "application/vnd.apache.parquet", "", "looks like a CSV or another text, not like Parquet"),
    "CSV named Parquet": (CSV, "", "x.parquet", "has a name that ends with .parquet"),
    "JSON lines as CSV": (JSON_LINES, "text/csv", "", "looks like a JSON lines file"),
    "CSV as JSON lines": (CSV, "application/jsonl", "", "looks like a CSV"),
    "Arrow named CSV": (arrow_file(), "", "x.csv", "looks like an Arrow file"),
    "picture": (b"\x89PNG\r\n\x1a\n", "text/csv", "", "looks like a PNG image"),
    "gzip": (b"\x1f\x8b\x08", "", "x.csv.gz", "looks like a gzip archive"),
    "program": (b"\x7fELF\x02\x01", "", "", "Line 1 of the file holds the control character 0x7f at column 1"),
    "nothing": (b"", "text/csv", "", "The file is empty"),
}


@pytest.mark.parametrize(("raw", "media_type", "name", "said"), MISDECLARED.values(), ids=MISDECLARED.keys())
def test_a_file_that_is_not_what_it_says_is_refused(raw: bytes, media_type: str, name: str, said: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        tell_format(raw, media_type=media_type, name=name)
    assert said in refusal.value.message


BROKEN = {
    "ragged CSV": (b"a,b\n1,2\n3\n", 3, None),
    "open quote": (b'a,b\n1,2\n"3,4\n', 3, None),
    "NUL in a CSV": (b"a,b\n1,\x00\n", 2, 3),
    "broken UTF-8": ("a,b\nü,1\n".encode() + b"12\xff,2\n", 3, 3),
    "JSON line that is none": (b'{"a": 1}\n{"a": }\n', 2, 7),
    "JSON line that is no object": (b'{"a": 1}\n[1]\n', 2, None),
    "nested JSON": (b'{"a": 1}\n{"a": {"b": 1}}\n', 2, None),
    "pretty JSON": (b'{"a": 1,\n "b": 2}\n', 1, 9),
    "cut Parquet": (parquet()[:-20], None, None),
    "corrupt Parquet": (b"PAR1" + bytes(200) + b"PAR1", None, None),
    "cut Arrow file": (arrow_file()[:-40], None, None),
    "cut Arrow stream": (arrow_stream()[:-60], None, None),
    "nested Parquet": (parquet(pa.table({"a": [[1], [2]]})), None, None),
    "Parquet without rows": (parquet(TABLE.slice(0, 0)), None, None),
    "Parquet with a name twice": (parquet(pa.table([[1], [2]], names=["a", "a"])), None, None),
}


@pytest.mark.parametrize(("raw", "line", "column"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_refused_with_its_place(raw: bytes, line: int | None, column: int | None) -> None:
    with pytest.raises(FileRefused) as refusal:
        read_file(Source.file(raw))
    assert (refusal.value.line, refusal.value.column) == (line, column), refusal.value.message


def test_a_large_parquet_file_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "MAX_ROWS", 2)
    with pytest.raises(FileRefused, match="has 3 rows by 2 columns"):
        read_file(Source.file(parquet()))


def test_types_of_columnar_files_become_kinds_that_analyses_know() -> None:
    table = pa.table(
        {
            "decimal": [Decimal("1.5"), None],
            "date": [date(2024, 1, 2), None],
            "time": [datetime(2024, 1, 2, 3, tzinfo=UTC), None],
            "boolean": [True, None],
            "category": pa.array(["x", "y"]).dictionary_encode(),
            "number": pa.array([1, None], pa.int8()),
        }
    )
    read = read_file(Source.file(parquet(table))).table
    kinds = {name: kind_of(read[name]).value for name in read.columns}
    assert kinds == {
        "decimal": "numeric",
        "date": "datetime",
        "time": "datetime",
        "boolean": "boolean",
        "category": "text",
        "number": "numeric",
    }


def test_an_index_that_pandas_has_written_is_no_column() -> None:
    file = BytesIO()
    pandas.DataFrame({"a": [1, 2]}, index=[5, 7]).to_parquet(file)
    assert list(read_file(Source.file(file.getvalue())).table.columns) == ["a"]


def test_what_was_assumed_is_told() -> None:
    read = read_file(Source.file("stadt;preis\nKöln;1,5\n".encode("cp1252")))
    assert read.read_as == {"encoding": "windows-1252", "delimiter": ";", "decimal": ","}
    assert "read as Windows-1252" in read.notes[0]


def test_json_lines_of_several_slices_are_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.data.json_lines._SLICE", 2)
    read = read_file(Source.file(b'{"a": 1}\n{"a": 2}\n{"a": 3.5, "b": "x"}\n{"a": null}\n{"b": "y"}\n'))
    assert read.table["a"].fillna(-1).tolist() == [1, 2, 3.5, -1, -1]
    assert read.table["b"].fillna("-").tolist() == ["-", "-", "x", "-", "y"]


def test_an_overview_has_columns_and_first_rows() -> None:
    rows = b"".join(b"%d,%s\n" % (number, b"x" if number % 2 else b"") for number in range(30))
    overview = overview_of(read_file(Source.file(b"n,t\n" + rows)).table)
    assert overview["rows"] == 30
    assert overview["columns"] == [
        {"name": "n", "kind": "numeric", "missing": 0, "distinct": 30},
        {"name": "t", "kind": "categorical", "missing": 15, "distinct": 1},
    ]
    assert overview["preview"][:2] == [{"n": 0, "t": None}, {"n": 1, "t": "x"}]
    assert len(overview["preview"]) == 10
