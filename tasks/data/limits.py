"""How large a table may be and what its columns may be called; files and JSON have the same bounds."""

from collections.abc import Collection

from marshmallow import ValidationError

#: Most rows of a table.
MAX_ROWS = 1_000_000
#: Most columns of a table.
MAX_COLUMNS = 2_000
#: Most cells of a table; sparse records are counted as the full table that they become.
MAX_CELLS = 20_000_000

#: Most text that a Parquet or Arrow file may stand for, bytes: there a long text that is repeated is written once.
MAX_TEXT = 2**30
#: Longest name of a column, in characters.
MAX_COLUMN_NAME = 500


def refuse_row_count(rows: int, *, member: str) -> None:
    """Raises marshmallow.ValidationError, keyed by the member, for no row or too many."""
    if rows == 0:
        raise ValidationError({member: ["Has no rows; send at least one."]})
    if rows > MAX_ROWS:
        raise ValidationError({member: [f"Has {rows:,} rows; at most {MAX_ROWS:,} are allowed."]})


def refuse_names(names: Collection[object], *, rows: int, member: str) -> None:
    """Raises marshmallow.ValidationError, keyed by the member, for no name, bad or too many, or too many cells."""
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
