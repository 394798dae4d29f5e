"""What a table holds, in short: its columns and its first rows."""

from pandas import DataFrame, Series

from tasks.data.kinds import kind_of
from tasks.data.plain import Plain, plain_cell

#: Rows of a preview.
PREVIEW_ROWS = 10

#: Most columns of a preview; a wider table is cut.
PREVIEW_COLUMNS = 100


def overview_of(table: DataFrame) -> dict[str, object]:
    """Return the number of rows; of each column name, kind, and counts of missing and distinct cells; the first rows.

    Dates stand in ISO 8601; long texts of the preview end in an ellipsis.
    """
    return {
        "rows": len(table),
        "columns": [_column(table[name]) for name in table.columns],
        "preview": _preview(table.iloc[:PREVIEW_ROWS, :PREVIEW_COLUMNS]),
    }


def _column(column: Series) -> dict[str, object]:
    present = column.dropna()
    return {
        "name": str(column.name),
        "kind": kind_of(column).value,
        "missing": len(column) - len(present),
        "distinct": int(present.nunique()),
    }


def _preview(head: DataFrame) -> list[dict[str, Plain]]:
    gaps = head.isna()
    return [
        {str(name): None if gaps[name].iloc[row] else plain_cell(head[name].iloc[row]) for name in head.columns}
        for row in range(len(head))
    ]
