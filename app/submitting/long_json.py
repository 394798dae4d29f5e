"""A long JSON body as its members, read while it comes: its table in slices, of which none is kept as objects.

Held whole, 32 MB of JSON become a gigabyte of objects, and some seconds in which a process answers nobody.
"""

from collections.abc import Iterator
from re import Pattern

from marshmallow import ValidationError

from app.catalog import Columns, Records, Table
from app.problems import Problem
from app.submitting.json_text import CELLS, ROWS, JsonText
from app.submitting.pointers import refuse_fields
from app.submitting.strict_json import twice
from app.turns import give_way

#: What may come beside the cells of tables, bytes.
MOST_BESIDE = 4 * 2**20

#: Items of a batch, and members of an object, that are read; they are refused for fewer.
MOST_ITEMS, MOST_MEMBERS = 2_000, 10_000

#: Members that are read between two turns.
_MEMBERS_A_TURN = 256


def read_long(pieces: Iterator[bytes]) -> dict[str, object]:
    """The members of the body; a table below ``data``, also in ``items``, is ``Records`` or ``Columns`` already.

    Raises:
        Problem: it is no JSON object, or too much of it is none of a table.

    """
    text = JsonText(pieces)
    members = _LongBody(text).members()
    if text.peek():
        raise text.malformed("more follows after its end")
    return members


class _LongBody:
    def __init__(self, text: JsonText) -> None:
        self._text = text
        #: What came beside tables so far, bytes.
        self._beside = 0
        #: The number of the item that is read; None outside of items.
        self._item: int | None = None

    def members(self) -> dict[str, object]:
        return {name: self._items() if name == "items" else self._member(name) for name in self._names()}

    def _member(self, name: str) -> object:
        return self._data() if name == "data" else self._plain()

    def _items(self) -> object:
        """The items of a batch, each with the members of a body."""
        if self._text.peek() != b"[":
            return self._plain()
        found: list[object] = []
        for _ in self._elements():
            self._item = len(found)
            found.append(self._members_of_item())
            if len(found) > MOST_ITEMS:
                raise Problem("body-too-large", f"A batch may not have {len(found)} items.")
            give_way()
        self._item = None
        return found

    def _members_of_item(self) -> object:
        if self._text.peek() != b"{":
            return self._plain()
        return {name: self._member(name) for name in self._names()}

    def _data(self) -> object:
        if self._text.peek() != b"{":
            return self._plain()
        return {name: self._table(name) for name in self._names()}

    def _table(self, name: str) -> object:
        begin = self._text.peek()
        if name == "records" and begin == b"[":
            return self._records()
        if name == "columns" and begin == b"{":
            return self._columns()
        return self._plain()

    def _records(self) -> Records:
        table = Records()
        for rows in self._slices(ROWS):
            table.add(rows)
            self._refuse_early(table)
        return table

    def _columns(self) -> Columns:
        table = Columns()
        for name in self._names():
            if self._text.peek() != b"[":
                table.add(name, self._plain())
                continue
            table.add(name, [])
            for cells in self._slices(CELLS):
                table.add(name, cells)
                self._refuse_early(table)
        return table

    def _refuse_early(self, table: Table) -> None:
        """Reads no further where enough is wrong, though other members might be wrong as well."""
        if not table.is_refused:
            return
        try:
            table.pack()
        except ValidationError as error:
            messages: dict[str, object] = {"data": error.messages}
            where = messages if self._item is None else {"items": {str(self._item): messages}}
            raise refuse_fields(where) from None

    def _slices(self, pattern: Pattern[bytes]) -> Iterator[list[object]]:
        """The elements of the list that comes, as many at once as are here."""
        for _ in self._elements():
            yield self._text.some(pattern)

    def _elements(self) -> Iterator[None]:
        """Steps through the list that comes; whoever asks for the next has read the value, or some of them."""
        text = self._text
        text.take(b"[")
        while text.peek() != b"]":
            yield
            if text.peek() == b"]":
                break
            text.take(b",")
            if text.peek() == b"]":
                raise text.malformed("a value is missing after a comma")
        text.take(b"]")

    def _names(self) -> Iterator[str]:
        """The names in the object that comes; whoever asks for the next has read the value of the last."""
        text, names = self._text, set[str]()
        text.take(b"{")
        while text.peek() != b"}":
            name = self._name()
            if name in names:
                raise text.malformed(twice(name))
            names.add(name)
            if len(names) > MOST_MEMBERS:
                raise Problem("body-too-large", f"In a long body, an object may have {MOST_MEMBERS} members.")
            if not len(names) % _MEMBERS_A_TURN:
                give_way()
            yield name
            if text.peek() == b"}":
                break
            text.take(b",")
            if text.peek() == b"}":
                raise text.malformed("a member is missing after a comma")
        text.take(b"}")

    def _name(self) -> str:
        name = self._plain()
        if not isinstance(name, str):
            raise self._text.malformed("the name of a member must be a text")
        self._text.take(b":")
        return name

    def _plain(self) -> object:
        began = self._text.place
        value = self._text.value()
        self._beside += self._text.place - began
        if self._beside > MOST_BESIDE:
            raise Problem(
                "body-too-large",
                f"In a long body, what comes beside tables may have {MOST_BESIDE} bytes together.",
            )
        return value
