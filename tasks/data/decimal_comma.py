"""Numbers written with a decimal comma, as spreadsheets in much of Europe save them."""

from pandas import DataFrame, Series, to_numeric
from pandas.api.types import is_numeric_dtype

#: A number with a comma where English has a point; no thousands separators, which could mean either.
DECIMAL_COMMA = r"\s*[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?\s*"
#: A whole number, as it may stand among them.
WHOLE = r"\s*[+-]?[0-9]+\s*"


def with_decimal_commas_read(table: DataFrame) -> DataFrame:
    """Return the table with every column of such numbers read as numbers; a column with anything else stays text."""
    for name in table.columns:
        if _has_only_decimal_commas(table[name]):
            table[name] = to_numeric(table[name].str.strip().str.replace(",", ".", regex=False))
    return table


def _has_only_decimal_commas(column: Series) -> bool:
    if is_numeric_dtype(column):
        return False
    values = Series(column.dropna().unique())
    if values.empty or not all(isinstance(value, str) for value in values):
        return False
    return bool(values.str.contains(",").any() and values.str.fullmatch(f"{DECIMAL_COMMA}|{WHOLE}").all())
