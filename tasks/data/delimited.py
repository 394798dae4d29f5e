"""A CSV as a table: its encoding, its delimiter, its header, and line and column for whatever is wrong."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from typing import BinaryIO, TextIO

import pandas

from tasks.data.encoding import FALLBACK, find_encoding
from tasks.data.limits import MAX_CELLS, MAX_COLUMN_NAME, MAX_COLUMNS, MAX_ROWS
from tasks.data.reading import Reading
from tasks.data.refusal import FileRefused
from tasks.data.written_numbers import read_points_of_thousands, with_written_numbers_read

#: Delimiters that are recognised, in order of preference where two fit equally well.
DELIMITERS = (",", ";", "\t", "|")
#: Records that are looked at to find the delimiter.
SNIFFED_RECORDS = 50
#: Names of delimiters in messages.
_SPOKEN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}


def read_delimited(opened: Callable[[], BinaryIO]) -> Reading:
    """Return the table of a CSV whose first line names the columns; `opened` gives the file as often as it is needed.

    The encoding (UTF-8; UTF-16 with its mark; else Windows-1252) and the delimiter (comma, semicolon, tab or vertical
    bar) are recognised. Empty cells and pandas' usual marks of absence (`NA`, `NaN`, `null`, …) are missing values.
    Decimal commas and separated thousands are read as numbers where the whole column has them. A column without a name
    is called `column_<position>`. Raises FileRefused with the line number of the first thing wrong.

    Source: RFC 4180; https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html
    """
    with opened() as file:
        text = _Text(opened=opened, encoding=find_encoding(file))
    delimiter = find_delimiter(text)
    names = _checked_names(text, delimiter)
    with text.open() as file:
        table = pandas.read_csv(file, sep=delimiter, names=names, header=0, index_col=False, low_memory=False)
    table, with_comma = with_written_numbers_read(table, delimiter=delimiter)
    if with_comma:
        with opened() as raw:
            table = read_points_of_thousands(table, raw, encoding=text.encoding, delimiter=delimiter)
    return Reading(table=table, read_as=_read_as(text.encoding, delimiter, with_comma), notes=_notes(text.encoding))


def _read_as(encoding: str, delimiter: str, with_comma: list[str]) -> dict[str, str]:
    named = {"utf-8-sig": "utf-8", FALLBACK: "windows-1252"}.get(encoding, encoding)
    return {"encoding": named, "delimiter": delimiter, "decimal": "," if with_comma else "."}


def _notes(encoding: str) -> tuple[str, ...]:
    if encoding != FALLBACK:
        return ()
    return ("The file isn't in UTF-8; it was read as Windows-1252. Save it as UTF-8 if letters look wrong.",)


@dataclass(frozen=True, kw_only=True)
class _Text:
    """A file as a text."""

    opened: Callable[[], BinaryIO]
    encoding: str

    @contextmanager
    def open(self) -> Iterator[TextIO]:
        with self.opened() as raw, TextIOWrapper(raw, encoding=self.encoding, newline="") as text:
            yield text


def find_delimiter(text: _Text) -> str:
    """Return the delimiter by which most of the first records have as many cells as the header, and more than one."""
    return max(DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: _Text, delimiter: str) -> tuple[float, int]:
    try:
        with text.open() as file:
            widths = [len(row) for _, row in islice(_records(file, delimiter), SNIFFED_RECORDS)]
    except FileRefused:
        return (0.0, 0)
    if not widths or widths[0] == 1:
        return (0.0, 0)
    return (widths.count(widths[0]) / len(widths), widths[0])


def _checked_names(text: _Text, delimiter: str) -> list[str]:
    """Return the columns' names once every record has as many cells as the header."""
    with text.open() as file:
        records = _records(file, delimiter)
        _, header = next(records, (0, []))
        if not header:
            raise FileRefused("The file is empty; send a header line and at least one row.")
        names = _column_names(header)
        rows = 0
        for line, row in records:
            if len(row) != len(names):
                raise FileRefused(_ragged(line, len(row), len(names), delimiter), line=line)
            rows += 1
            if rows > MAX_ROWS or rows * len(names) > MAX_CELLS:
                raise FileRefused(
                    f"The file is too large; at most {MAX_ROWS:,} rows and {MAX_CELLS:,} cells are allowed.", line=line
                )
    if rows == 0:
        raise FileRefused("The file has a header line but no rows; add at least one row below it.", line=1)
    return names


def _records(text: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that isn't blank, with the number of the line it starts on."""
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    start = 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(_broken(start, str(error)), line=start) from None


def _column_names(header: list[str]) -> list[str]:
    if len(header) > MAX_COLUMNS:
        raise FileRefused(f"The file has {len(header):,} columns; at most {MAX_COLUMNS:,} are allowed.", line=1)
    names = [name.strip() or f"column_{position}" for position, name in enumerate(header, start=1)]
    if any(len(name) > MAX_COLUMN_NAME for name in names):
        raise FileRefused(
            f"A column's name is longer than {MAX_COLUMN_NAME} characters; does line 1 hold the names?", line=1
        )
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        if name in seen:
            raise FileRefused(
                f"Columns {seen[name]} and {position} are both called {name!r}; rename one of them.", line=1
            )
        seen[name] = position
    return names


def _ragged(line: int, cells: int, expected: int, delimiter: str) -> str:
    counted = "1 cell" if cells == 1 else f"{cells} cells"
    return (
        f"Line {line} has {counted}, the header has {expected} (delimiter: {_SPOKEN[delimiter]}). "
        "Add or remove cells so that both agree, and quote a cell that contains the delimiter."
    )


def _broken(line: int, reason: str) -> str:
    if "unexpected end of data" in reason:
        return f"The record on line {line} opens a quote that is never closed; close it or remove it."
    if "field larger" in reason:
        return f"The record on line {line} has a cell that is too long; is a quote left open there?"
    return f"The record on line {line} can't be read ({reason}); quote a cell wholly, and double a quote inside it."
