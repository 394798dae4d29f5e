"""The structure of a table sent as JSON: bounds and names, checked slice by slice, so that no table is held whole."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice

import orjson
from marshmallow import ValidationError

from tasks.data.objections import all_plain, objection_to

#: Most rows of a table.
MAX_ROWS = 1_000_000
#: Most columns of a table.
MAX_COLUMNS = 2_000
#: Most cells of a table; sparse records are counted as the full table that they become.
MAX_CELLS = 20_000_000
#: Longest name of a column, in characters.
MAX_COLUMN_NAME = 500
#: Most problems that one refusal lists.
MAX_REPORTED = 20


def pack_records(records: object) -> bytes:
    """Return row objects, a list or `Records`, as JSON; raises marshmallow.ValidationError keyed by `records`."""
    if isinstance(records, Records):
        return records.pack()
    if not isinstance(records, list):
        raise ValidationError({"records": ["Must be a list of objects, one per row."]})
    table = Records()
    table.add(records)
    return table.pack()


def pack_columns(columns: object) -> bytes:
    """Return lists by name, a dict or `Columns`, as JSON; raises marshmallow.ValidationError keyed by `columns`."""
    if isinstance(columns, Columns):
        return columns.pack()
    if not isinstance(columns, dict):
        raise ValidationError({"columns": ["Must be an object with one list per column."]})
    table = Columns()
    for name, values in columns.items():
        table.add(name, values)
    return table.pack()


@dataclass
class Table:
    """A table that comes in as many slices as its sender likes; of a refused one nothing more is kept.

    Written as JSON by orjson, it is its digest, the only field that is public.
    """

    #: SHA-256 of the table as it is packed, hexadecimal, however it was sliced.
    digest: str = ""
    _digested: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _cells: "_Cells" = field(default_factory=lambda: _Cells())  # noqa: PLW0108 - defined below

    @property
    def is_refused(self) -> bool:
        """Whether it needs no further slices, for `pack` will refuse it with as many problems as are told."""
        raise NotImplementedError

    def pack(self) -> bytes:
        """Return the whole as JSON; raises marshmallow.ValidationError keyed by what it is, `records` or `columns`."""
        raise NotImplementedError

    def _digest(self, *packed: bytes) -> None:
        for part in packed:
            self._digested.update(part)
        self.digest = self._digested.hexdigest()


@dataclass
class Records(Table):
    """A table that comes as rows."""

    _rows: int = 0
    _names: dict[object, None] = field(default_factory=dict)
    _no_objects: dict[int, list[str]] = field(default_factory=dict)
    _slices: list[bytes] = field(default_factory=list)

    def add(self, rows: list[object]) -> None:
        """Take the next rows."""
        first = self._rows
        self._rows += len(rows)
        if self._is_too_large():
            return
        if set(map(type, rows)) <= {dict}:
            self._add_objects([row for row in rows if isinstance(row, dict)], first=first)
        else:
            wrong = (first + number for number, row in enumerate(rows) if type(row) is not dict)
            room = MAX_REPORTED - len(self._no_objects)
            self._no_objects |= {number: ["Must be an object."] for number in islice(wrong, room)}

    @property
    def is_refused(self) -> bool:
        """Whether it is too large, or has as many problems as are told."""
        return self._is_too_large() or len(self._no_objects) >= MAX_REPORTED or self._cells.are_refused

    def pack(self) -> bytes:
        """Return all rows as one JSON list; raises marshmallow.ValidationError keyed by `records`."""
        _refuse_row_count(self._rows, member="records")
        if self._no_objects:
            raise ValidationError({"records": self._no_objects})
        _refuse_names(self._names, rows=self._rows, member="records")
        self._cells.refuse_bad(member="records")
        return b"[" + b",".join(self._slices) + b"]"

    def _is_too_large(self) -> bool:
        too_long = self._rows > MAX_ROWS or len(self._names) > MAX_COLUMNS
        return too_long or self._rows * len(self._names) > MAX_CELLS

    def _add_objects(self, rows: list[dict[object, object]], *, first: int) -> None:
        self._names |= dict.fromkeys(chain.from_iterable(rows))
        packed = self._cells.pack(rows, lines=[*map(dict.values, rows)])
        if packed is None:
            self._cells.note(
                (first + number, name, cell) for number, row in enumerate(rows) for name, cell in row.items()
            )
        elif packed:
            self._slices.append(packed)
            self._digest(packed, b",")


@dataclass
class Columns(Table):
    """A table that comes as columns."""

    _lengths: dict[object, int] = field(default_factory=dict)
    _longest: int = 0
    _no_lists: dict[str, list[str]] = field(default_factory=dict)
    _slices: dict[object, list[bytes]] = field(default_factory=dict)

    def add(self, name: object, values: object) -> None:
        """Take the next values of a column, be they none."""
        if name not in self._lengths:
            self._begin(name)
        first = self._lengths[name]
        if not isinstance(values, list):
            self._no_lists[str(name)] = ["Must be a list."]
            return
        self._lengths[name] += len(values)
        self._longest = max(self._longest, self._lengths[name])
        if not self.is_refused:
            self._add_cells(name, values, first=first)

    @property
    def is_refused(self) -> bool:
        """Whether it is too large, or has as many problems as are told."""
        too_many = len(self._lengths) > MAX_COLUMNS or len(self._no_lists) >= MAX_REPORTED
        return too_many or self._longest > MAX_ROWS or self._cells.are_refused

    def pack(self) -> bytes:
        """Return the table as one JSON object; raises marshmallow.ValidationError keyed by `columns`."""
        if self._no_lists:
            raise ValidationError({"columns": dict(islice(self._no_lists.items(), MAX_REPORTED))})
        rows = next(iter(self._lengths.values()), 0)
        _refuse_names(self._lengths, rows=rows, member="columns")
        # Lengths are compared last, for a table that is refused early has not come to its end.
        self._cells.refuse_bad(member="columns")
        _refuse_row_count(max(rows, self._longest), member="columns")
        self._refuse_uneven(rows)
        packed = (_packed_name(name) + b":[" + b",".join(self._slices[name]) + b"]" for name in self._lengths)
        return b"{" + b",".join(packed) + b"}"

    def _begin(self, name: object) -> None:
        self._lengths[name] = 0
        self._slices[name] = []
        self._digest(str(name).encode("utf-8", "surrogatepass"), b":")

    def _add_cells(self, name: object, values: list[object], *, first: int) -> None:
        packed = self._cells.pack(values, lines=[values])
        if packed is None:
            self._cells.note((name, first + number, cell) for number, cell in enumerate(values))
        elif packed:
            self._slices[name].append(packed)
            self._digest(packed, b",")

    def _refuse_uneven(self, rows: int) -> None:
        first = next(iter(self._lengths))
        uneven = ((name, length) for name, length in self._lengths.items() if length != rows)
        problems = {
            name: [f"Has {length:,} values, but column {first!r} has {rows:,}; all columns must be equally long."]
            for name, length in islice(uneven, MAX_REPORTED)
        }
        if problems:
            raise ValidationError({"columns": problems})


class _Cells:
    """What was found of the cells so far."""

    def __init__(self) -> None:
        self._problems: dict[object, dict[object, list[str]]] = {}
        self._room = MAX_REPORTED
        self._unwritable = False

    @property
    def are_refused(self) -> bool:
        """Whether as many problems were found as are told."""
        return not self._room

    def pack(
        self, table: list[object] | list[dict[object, object]], *, lines: Collection[Iterable[object]]
    ) -> bytes | None:
        """The slice as JSON without its brackets, "" where it is not needed, None where it needs a closer look."""
        if all_plain(lines):
            # An integer beyond 64 bits or an unpaired surrogate: the closer look finds it.
            with suppress(orjson.JSONEncodeError):
                packed = orjson.dumps(table)[1:-1]
                return b"" if self._problems or self._unwritable else packed
        return None

    def note(self, cells: Iterator[tuple[object, object, object]]) -> None:
        """Looks at each cell, which comes behind the two parts of its path."""
        found = ((outer, inner, said) for outer, inner, cell in cells if (said := objection_to(cell)))
        noted = 0
        for outer, inner, message in islice(found, self._room):
            self._problems.setdefault(outer, {})[inner] = [message]
            noted += 1
        self._room -= noted
        self._unwritable |= not self._problems

    def refuse_bad(self, *, member: str) -> None:
        if self._problems or self._unwritable:
            raise ValidationError({member: self._problems or ["Can't be written as JSON in UTF-8."]})


def _packed_name(name: object) -> bytes:
    try:
        return orjson.dumps(name)
    except orjson.JSONEncodeError:
        raise ValidationError({"columns": ["A column's name holds an unpaired surrogate."]}) from None


def _refuse_row_count(rows: int, *, member: str) -> None:
    if rows == 0:
        raise ValidationError({member: ["Has no rows; send at least one."]})
    if rows > MAX_ROWS:
        raise ValidationError({member: [f"Has {rows:,} rows; at most {MAX_ROWS:,} are allowed."]})


def _refuse_names(names: Collection[object], *, rows: int, member: str) -> None:
    if not names:
        raise ValidationError({member: ["Has no columns; send at least one."]})
    if len(names) > MAX_COLUMNS:
        raise ValidationError({member: [f"Has {len(names):,} columns or more; at most {MAX_COLUMNS:,} are allowed."]})
    if any(not isinstance(name, str) or not name.strip() for name in names):
        raise ValidationError({member: ["A column has no name; every name is a text that is not blank."]})
    if max(len(str(name)) for name in names) > MAX_COLUMN_NAME:
        raise ValidationError({member: [f"A column's name is longer than {MAX_COLUMN_NAME} characters."]})
    if rows * len(names) > MAX_CELLS:
        size = f"{rows:,} rows by {len(names):,} columns"
        raise ValidationError({member: [f"Has {size}; at most {MAX_CELLS:,} cells are allowed."]})
