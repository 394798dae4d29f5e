"""What a column holds: numbers, booleans, dates, categories, text, nothing, or a mixture that nobody meant."""

import re
from dataclasses import dataclass
from enum import StrEnum
from numbers import Real

import numpy as np
from pandas import Series, to_datetime
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

from tasks.data.plain import shortened

#: Most distinct texts that still count as categories; more is free text.
MAX_CATEGORY_COUNT = 50
#: A column of texts is mixed if at least this share of its cells are numbers …
MIXED_NUMBER_SHARE = 0.5
#: … and at most this many distinct others stand among them (`unknown`, `n/a?`); ticket numbers and codes have more.
MIXED_TEXT_COUNT = 3
#: A number written as text, with a decimal point or comma.
NUMBER = r"\s*[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?\s*"
#: A time of day, with or without a zone.
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
#: A date, with or without a time, in ISO 8601.
DATE = rf"\s*[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_TIME})?\s*"


class Kind(StrEnum):
    """The kinds of columns."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    CATEGORICAL = "categorical"
    TEXT = "text"
    MIXED = "mixed"
    EMPTY = "empty"


@dataclass(frozen=True)
class Mixture:
    """Two cells of one column that don't belong together; rows count from 1, without the header."""

    row: int
    value: str
    other_row: int
    other_value: str

    def __str__(self) -> str:
        return f"row {self.row} holds {self.value}, row {self.other_row} holds {self.other_value}"


def kind_of(column: Series) -> Kind:
    """Return the kind of the column's cells, missing ones aside."""
    present = column.dropna()
    if present.empty:
        return Kind.EMPTY
    if is_bool_dtype(column.dtype):
        return Kind.BOOLEAN
    if is_numeric_dtype(column.dtype):
        return Kind.NUMERIC
    if is_datetime64_any_dtype(column.dtype):
        return Kind.DATETIME
    families = {_family(cell_type) for cell_type in set(map(type, present))}
    if len(families) > 1:
        return Kind.MIXED
    family = families.pop()
    return _kind_of_texts(present) if family == "text" else Kind(family)


def mixture_in(column: Series) -> Mixture | None:
    """Return two cells that show why the column is of kind `mixed`; None if it isn't.

    Rows are told by the column's index, which counts from 0.
    """
    cells = column.dropna()
    is_all_text = {_family(cell_type) for cell_type in set(map(type, cells))} == {"text"}
    first_rows: dict[str, int] = {}
    for row, cell in cells.items():
        first_rows.setdefault(_written_family(str(cell)) if is_all_text else _family(type(cell)), row)
        if len(first_rows) > 1:
            first = next(iter(first_rows.values()))
            return Mixture(row + 1, _spoken(cell), first + 1, _spoken(cells[first]))
    return None


def looks_numeric(column: Series) -> bool:
    """Tell whether every cell of a column of texts is a number written as text."""
    values = Series(column.dropna().unique(), dtype=object).astype(str)
    return bool(len(values)) and bool(values.str.fullmatch(NUMBER).all())


def as_dates(column: Series) -> Series:
    """Return a column of kind `datetime` as timestamps in UTC; a time without a zone is taken as UTC."""
    return to_datetime(column, utc=True, errors="coerce", format=None if _is_timestamps(column) else "ISO8601")


def _is_timestamps(column: Series) -> bool:
    return bool(is_datetime64_any_dtype(column.dtype))


def _kind_of_texts(present: Series) -> Kind:
    counts = present.astype(str).value_counts()
    values = Series(counts.index, dtype=object).astype(str)
    if values.str.fullmatch(DATE).all() and as_dates(values.str.strip()).notna().all():
        return Kind.DATETIME
    numeric = values.str.fullmatch(NUMBER).to_numpy(dtype=bool)
    others = int((~numeric).sum())
    if 0 < others <= MIXED_TEXT_COUNT and counts.to_numpy()[numeric].sum() >= MIXED_NUMBER_SHARE * len(present):
        return Kind.MIXED
    is_repeated = len(counts) <= MAX_CATEGORY_COUNT and len(counts) <= len(present) / 2
    return Kind.CATEGORICAL if is_repeated else Kind.TEXT


def _family(cell_type: type) -> str:
    if issubclass(cell_type, (bool, np.bool_)):
        return "boolean"
    return "numeric" if issubclass(cell_type, Real) else "text"


def _written_family(text: str) -> str:
    return "numeric" if re.fullmatch(NUMBER, text) else "text"


def _spoken(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return f"the text {shortened(cell)!r}" if isinstance(cell, str) else f"the number {cell}"
