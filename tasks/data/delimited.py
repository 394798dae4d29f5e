"""An uploaded CSV as a table: its encoding, its delimiter, its header, and a line number for whatever is wrong."""

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import islice

import pandas
from pandas import DataFrame

from tasks.data.cells import MAX_CELLS, MAX_COLUMN_NAME, MAX_COLUMNS, MAX_ROWS
from tasks.data.decimal_comma import with_decimal_commas_read
from tasks.data.lookalike import refuse_other_formats
from tasks.errors import AnalysisError

#: Delimiters that are recognised, in order of preference where two fit equally well.
DELIMITERS = (",", ";", "\t", "|")
#: Records that are looked at to find the delimiter.
SNIFFED_RECORDS = 50
#: Names of delimiters in messages.
_SPOKEN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}


def read_delimited(raw: bytes) -> DataFrame:
    """Return the table of a CSV in UTF-8 whose first line names the columns.

    The delimiter (comma, semicolon, tab or vertical bar) is recognised. Empty cells and pandas' usual marks of absence
    (`NA`, `NaN`, `null`, …) are missing values; with semicolons or tabs, `1,5` is a number. A column without a name is
    called `column_<position>`. Raises tasks.errors.AnalysisError with the line number of the first thing wrong.

    Source: RFC 4180; https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html
    """
    refuse_other_formats(raw)
    text = _decoded(raw)
    delimiter = find_delimiter(text)
    names = _checked_names(text, delimiter)
    table = pandas.read_csv(StringIO(text), sep=delimiter, names=names, header=0, index_col=False, low_memory=False)
    return with_decimal_commas_read(table) if delimiter in ";\t" else table


def find_delimiter(text: str) -> str:
    """Return the delimiter by which most of the first records have as many cells as the header, and more than one."""
    return max(DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    try:
        widths = [len(row) for _, row in islice(_records(text, delimiter), SNIFFED_RECORDS)]
    except AnalysisError:
        return (0.0, 0)
    if not widths or widths[0] == 1:
        return (0.0, 0)
    return (widths.count(widths[0]) / len(widths), widths[0])


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise AnalysisError(f"Line {line} of the file isn't UTF-8; save the file as UTF-8 and send it again.") from None


def _checked_names(text: str, delimiter: str) -> list[str]:
    """Return the columns' names once every record has as many cells as the header."""
    records = _records(text, delimiter)
    _, header = next(records, (0, []))
    if not header:
        raise AnalysisError("The file is empty; send a header line and at least one row.")
    names = _column_names(header)
    rows = 0
    for line, row in records:
        if len(row) != len(names):
            raise AnalysisError(_ragged(line, len(row), len(names), delimiter))
        rows += 1
        if rows > MAX_ROWS or rows * len(names) > MAX_CELLS:
            raise AnalysisError(
                f"The file is too large; at most {MAX_ROWS:,} rows and {MAX_CELLS:,} cells are allowed."
            )
    if rows == 0:
        raise AnalysisError("The file has a header line but no rows; add at least one row below it.")
    return names


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that isn't blank, with the number of the line it starts on."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise AnalysisError(_broken(start, str(error))) from None


def _column_names(header: list[str]) -> list[str]:
    if len(header) > MAX_COLUMNS:
        raise AnalysisError(f"The file has {len(header):,} columns; at most {MAX_COLUMNS:,} are allowed.")
    names = [name.strip() or f"column_{position}" for position, name in enumerate(header, start=1)]
    if any(len(name) > MAX_COLUMN_NAME for name in names):
        raise AnalysisError(f"A column's name is longer than {MAX_COLUMN_NAME} characters; does line 1 hold the names?")
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        if name in seen:
            raise AnalysisError(f"Columns {seen[name]} and {position} are both called {name!r}; rename one of them.")
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
