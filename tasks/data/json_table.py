"""A table sent as JSON, as rows or as columns: checked and packed slice by slice, so that no table is held whole."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from itertools import chain, islice

import orjson
from marshmallow import ValidationError

from tasks.data import limits
from tasks.data.cells import MAX_REPORTED, Cells


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
class Table(ABC):
    """A table that comes in as many slices as its sender likes; of a refused one nothing more is kept.

    Written as JSON by orjson, it is its digest, the only field that is public.
    """

    #: SHA-256 of the table as it is packed, hexadecimal, however it was sliced.
    digest: str = ""
    _digested: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _cells: Cells = field(default_factory=Cells)

    @property
    @abstractmethod
    def is_refused(self) -> bool:
        """Whether it needs no further slices, for `pack` will refuse it with as many problems as are told."""

    @abstractmethod
    def pack(self) -> bytes:
        """Return the whole as JSON; raises marshmallow.ValidationError keyed by what it is, `records` or `columns`."""

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
        limits.refuse_row_count(self._rows, member="records")
        if self._no_objects:
            raise ValidationError({"records": self._no_objects})
        limits.refuse_names(self._names, rows=self._rows, member="records")
        self._cells.refuse_bad(member="records")
        return b"[" + b",".join(self._slices) + b"]"

    def _is_too_large(self) -> bool:
        too_long = self._rows > limits.MAX_ROWS or len(self._names) > limits.MAX_COLUMNS
        return too_long or self._rows * len(self._names) > limits.MAX_CELLS

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
        too_many = len(self._lengths) > limits.MAX_COLUMNS or len(self._no_lists) >= MAX_REPORTED
        return too_many or self._longest > limits.MAX_ROWS or self._cells.are_refused

    def pack(self) -> bytes:
        """Return the table as one JSON object; raises marshmallow.ValidationError keyed by `columns`."""
        if self._no_lists:
            raise ValidationError({"columns": dict(islice(self._no_lists.items(), MAX_REPORTED))})
        rows = next(iter(self._lengths.values()), 0)
        limits.refuse_names(self._lengths, rows=rows, member="columns")
        # Lengths are compared last, for a table that is refused early has not come to its end.
        self._cells.refuse_bad(member="columns")
        limits.refuse_row_count(max(rows, self._longest), member="columns")
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


def _packed_name(name: object) -> bytes:
    try:
        return orjson.dumps(name)
    except orjson.JSONEncodeError:
        raise ValidationError({"columns": ["A column's name holds an unpaired surrogate."]}) from None
