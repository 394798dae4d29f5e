"""JSON lines as a table: one object a line, checked slice by slice, with the line of whatever is wrong.

Source: https://jsonlines.org
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO

import orjson
import pandas
from pandas import DataFrame

from tasks.data.encoding import find_encoding
from tasks.data.limits import MAX_CELLS, MAX_COLUMN_NAME, MAX_COLUMNS, MAX_ROWS
from tasks.data.objections import all_plain, objection_to
from tasks.data.reading import Reading
from tasks.data.refusal import FileRefused

#: Rows that are held as objects at once.
_SLICE = 20_000

#: Longest line, bytes.
LONGEST_LINE = 2**24

#: A row: its line and its object.
_Row = tuple[int, dict[str, object]]


def read_json_lines(opened: Callable[[], BinaryIO]) -> Reading:
    """Return the table: one row per line, a column per key; a key that a row leaves out is a missing value.

    Raises FileRefused with line, and column where there is one, of the first thing wrong.
    """
    with opened() as file:
        if find_encoding(file) != "utf-8-sig":
            raise FileRefused("JSON lines must be in UTF-8; save the file as UTF-8 and send it again.")
    names: dict[str, None] = {}
    slices: list[DataFrame] = []
    rows = 0
    with opened() as file:
        parsed = _parsed(file)
        while found := list(islice(parsed, _SLICE)):
            rows += len(found)
            _check(found, names, total=rows)
            slices.append(DataFrame([row for _, row in found]))
    if not names:
        raise FileRefused("The file has no columns; each line must be an object with at least one key.")
    return Reading(table=pandas.concat(slices, ignore_index=True).reindex(columns=list(names)))


def _parsed(file: BinaryIO) -> Iterator[_Row]:
    number = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            raise FileRefused(
                f"Line {number} is longer than {LONGEST_LINE:,} bytes; put each row on its own.", line=number
            )
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if line.strip():
            yield number, _object(line.rstrip(b"\r\n"), number)


def _object(line: bytes, number: int) -> dict[str, object]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        column = error.colno
        raise FileRefused(
            f"Line {number} is no JSON at column {column} ({error.msg}); each row is one object on a line of its own.",
            line=number,
            column=column,
        ) from None
    if not isinstance(row, dict):
        raise FileRefused(f"Line {number} is JSON, but not an object; each row is one object.", line=number)
    return row


def _check(rows: list[_Row], names: dict[str, None], *, total: int) -> None:
    for number, row in rows:
        for name in row.keys() - names.keys():
            if not name.strip() or len(name) > MAX_COLUMN_NAME:
                message = f"Line {number} has a key that is blank or longer than {MAX_COLUMN_NAME} characters."
                raise FileRefused(message, line=number)
        names |= dict.fromkeys(row)
    if total > MAX_ROWS or len(names) > MAX_COLUMNS or total * len(names) > MAX_CELLS:
        raise FileRefused(
            f"The file is too large; at most {MAX_ROWS:,} rows, {MAX_COLUMNS:,} columns and {MAX_CELLS:,} cells are "
            "allowed."
        )
    if not all_plain([row.values() for _, row in rows]):
        _refuse_cells(rows)


def _refuse_cells(rows: list[_Row]) -> None:
    for number, row in rows:
        for name, cell in row.items():
            objection = objection_to(cell)
            if objection:
                raise FileRefused(f"Line {number}, {name[:100]!r}: {objection}", line=number)
