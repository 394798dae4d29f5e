"""The cells of a table sent as JSON: packed slice by slice, and what is wrong with some."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from itertools import islice

import orjson
from marshmallow import ValidationError

from tasks.data.objections import all_plain, objection_to

#: Most problems that one refusal lists.
MAX_REPORTED = 20


class Cells:
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
        """Raises marshmallow.ValidationError, keyed by the member, for what was noted."""
        if self._problems or self._unwritable:
            raise ValidationError({member: self._problems or ["Can't be written as JSON in UTF-8."]})
