"""The structure of a table sent as JSON, bounds, names and cells; checked fast, because the client waits."""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice
from math import isfinite

import orjson
from marshmallow import ValidationError

#: Most rows of a table.
MAX_ROWS = 1_000_000
#: Most columns of a table.
MAX_COLUMNS = 2_000
#: Most cells of a table; sparse records are counted as the full table that they become.
MAX_CELLS = 20_000_000
#: Longest name of a column, in characters.
MAX_COLUMN_NAME = 500
#: Longest text in a cell, in characters.
MAX_TEXT = 100_000
#: Most problems that one refusal lists.
MAX_REPORTED = 20
#: Whole numbers are 64-bit, as in every JSON parser that the table passes.
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**64 - 1

_SCALARS = frozenset({type(None), bool, int, float, str})


def pack_records(records: object) -> bytes:
    """Return a list of row objects as JSON; raises marshmallow.ValidationError keyed by `records`."""
    if not isinstance(records, list):
        raise ValidationError({"records": ["Must be a list of objects, one per row."]})
    _refuse_row_count(len(records), member="records")
    if set(map(type, records)) != {dict}:
        wrong = (number for number, record in enumerate(records) if type(record) is not dict)
        raise ValidationError({"records": {at: ["Must be an object."] for at in islice(wrong, MAX_REPORTED)}})
    names = dict.fromkeys(chain.from_iterable(records))
    _refuse_names(names, rows=len(records), member="records")
    return _pack(records, rows=[*map(dict.values, records)], bad_cells=_bad_record_cells(records), member="records")


def pack_columns(columns: object) -> bytes:
    """Return lists by column name as JSON; raises marshmallow.ValidationError keyed by `columns`."""
    if not isinstance(columns, dict):
        raise ValidationError({"columns": ["Must be an object with one list per column."]})
    wrong = [str(name) for name, values in columns.items() if type(values) is not list]
    if wrong:
        raise ValidationError({"columns": {name: ["Must be a list."] for name in wrong[:MAX_REPORTED]}})
    rows = len(next(iter(columns.values()), ()))
    _refuse_names(columns, rows=rows, member="columns")
    _refuse_lengths(columns, rows=rows)
    _refuse_row_count(rows, member="columns")
    return _pack(columns, rows=columns.values(), bad_cells=_bad_column_cells(columns), member="columns")


def _refuse_row_count(rows: int, *, member: str) -> None:
    if rows == 0:
        raise ValidationError({member: ["Has no rows; send at least one."]})
    if rows > MAX_ROWS:
        raise ValidationError({member: [f"Has {rows:,} rows; at most {MAX_ROWS:,} are allowed."]})


def _refuse_names(names: Collection[object], *, rows: int, member: str) -> None:
    if not names:
        raise ValidationError({member: ["Has no columns; send at least one."]})
    if len(names) > MAX_COLUMNS:
        raise ValidationError({member: [f"Has {len(names):,} columns; at most {MAX_COLUMNS:,} are allowed."]})
    if any(not isinstance(name, str) or not name.strip() for name in names):
        raise ValidationError({member: ["A column has no name; every name is a text that is not blank."]})
    if max(len(str(name)) for name in names) > MAX_COLUMN_NAME:
        raise ValidationError({member: [f"A column's name is longer than {MAX_COLUMN_NAME} characters."]})
    if rows * len(names) > MAX_CELLS:
        size = f"{rows:,} rows by {len(names):,} columns"
        raise ValidationError({member: [f"Has {size}; at most {MAX_CELLS:,} cells are allowed."]})


def _refuse_lengths(columns: dict[str, list[object]], *, rows: int) -> None:
    first = next(iter(columns))
    uneven = ((name, len(values)) for name, values in columns.items() if len(values) != rows)
    problems = {
        name: [f"Has {count:,} values, but column {first!r} has {rows:,}; all columns must be equally long."]
        for name, count in islice(uneven, MAX_REPORTED)
    }
    if problems:
        raise ValidationError({"columns": problems})


def _pack(
    table: object,
    *,
    rows: Collection[Iterable[object]],
    bad_cells: Iterator[tuple[object, object, str]],
    member: str,
) -> bytes:
    if _all_plain(rows):
        try:
            return orjson.dumps(table)
        except orjson.JSONEncodeError:
            pass  # an integer beyond 64 bits or an unpaired surrogate: the slow look below finds it
    problems: dict[object, dict[object, list[str]]] = {}
    for outer, inner, message in islice(bad_cells, MAX_REPORTED):
        problems.setdefault(outer, {})[inner] = [message]
    raise ValidationError({member: problems or ["Can't be written as JSON in UTF-8."]})


def _all_plain(rows: Collection[Iterable[object]]) -> bool:
    """Tell whether no cell needs a closer look: a few passes at C speed, not a Python step per cell."""
    if not set(map(type, chain.from_iterable(rows))) <= _SCALARS:
        return False
    floats = [cell for cell in chain.from_iterable(rows) if type(cell) is float]
    lengths = [len(cell) for cell in chain.from_iterable(rows) if type(cell) is str]
    return all(map(isfinite, floats)) and max(lengths, default=0) <= MAX_TEXT


def _bad_record_cells(records: list[dict[str, object]]) -> Iterator[tuple[object, object, str]]:
    for number, record in enumerate(records):
        for name, cell in record.items():
            if message := _objection(cell):
                yield number, name, message


def _bad_column_cells(columns: dict[str, list[object]]) -> Iterator[tuple[object, object, str]]:
    for name, cells in columns.items():
        for number, cell in enumerate(cells):
            if message := _objection(cell):
                yield name, number, message


def _objection(cell: object) -> str | None:
    if type(cell) not in _SCALARS:
        return "Must be null, true, false, a number or a text."
    if isinstance(cell, float) and not isfinite(cell):
        return "Must be a finite number; use null for a missing value."
    if isinstance(cell, int) and not SMALLEST_INTEGER <= cell <= LARGEST_INTEGER:
        return "Is a whole number beyond 64 bits; send it as a text or with a decimal point."
    if isinstance(cell, str):
        return _text_objection(cell)
    return None


def _text_objection(text: str) -> str | None:
    if len(text) > MAX_TEXT:
        return f"Is a text of {len(text):,} characters; at most {MAX_TEXT:,} are allowed."
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "Holds an unpaired surrogate, which no UTF-8 text can."
    return None
