"""Numbers as people and spreadsheets write them: with a decimal comma, or with separated thousands."""

from typing import BinaryIO

import pandas
from pandas import DataFrame, Series, to_numeric
from pandas.api.types import is_float_dtype, is_numeric_dtype

#: What may stand between thousands beside point and comma: blanks, some of which don't break, and apostrophes.
_GAPS = " \u00a0\u202f'\u2019"

#: A number with a decimal comma: 1,5 · 1.234,5 · 1 234,50. At least one comma makes a column one of these.
DECIMAL_COMMA = rf"\s*[+-]?(?:[0-9]{{1,3}}(?:[.{_GAPS}][0-9]{{3}})+|[0-9]*)(?:,[0-9]+)?(?:[eE][+-]?[0-9]+)?\s*"

#: A number with a decimal point and separated thousands: 1,234 · 1,234.5 · 1'234.50.
THOUSANDS = rf"\s*[+-]?(?:[0-9]{{1,3}}(?:[,{_GAPS}][0-9]{{3}})+|[0-9]+)(?:\.[0-9]+)?\s*"

#: A number whose points can be those of thousands.
POINTS_OF_THOUSANDS = r"\s*[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3})\s*"


def with_written_numbers_read(table: DataFrame, *, delimiter: str) -> tuple[DataFrame, list[str]]:
    """Return the table with such columns read as numbers, and those of them that have a decimal comma.

    A column with anything else stays text. Where cells are separated by commas, a comma inside of a number is one of
    thousands; elsewhere it is a decimal comma, unless the column has decimal points too.
    """
    with_comma: list[str] = []
    for name in table.columns:
        texts = _texts_in(table[name])
        if texts is None:
            continue
        if delimiter != "," and _is_all(texts, DECIMAL_COMMA) and texts.str.contains(",").any():
            table[name] = _read(table[name], thousands=f"[.{_GAPS}]", decimal=",")
            with_comma.append(str(name))
        elif _is_all(texts, THOUSANDS):
            table[name] = _read(table[name], thousands=f"[,{_GAPS}]", decimal=".")
    return table, with_comma


def read_points_of_thousands(table: DataFrame, text: BinaryIO, *, encoding: str, delimiter: str) -> DataFrame:
    """Return the table of a file with decimal commas, in which 1.234 is more than a thousand wherever it can be."""
    doubtful = [place for place, name in enumerate(table.columns) if is_float_dtype(table[name])]
    if not doubtful:
        return table
    written = pandas.read_csv(
        text, sep=delimiter, encoding=encoding, names=range(len(table.columns)), header=0, usecols=doubtful, dtype=str
    )
    for place in doubtful:
        texts = _texts_in(written[place])
        if texts is not None and _is_all(texts, POINTS_OF_THOUSANDS) and texts.str.contains(".", regex=False).any():
            table[table.columns[place]] = _read(written[place], thousands=r"\.", decimal=",")
    return table


def _texts_in(column: Series) -> Series | None:
    """The column's distinct values where all of them are texts."""
    if is_numeric_dtype(column):
        return None
    values = Series(column.dropna().unique(), dtype=object)
    return None if values.empty or not all(isinstance(value, str) for value in values) else values.astype(str)


def _is_all(texts: Series, pattern: str) -> bool:
    return bool((texts.str.fullmatch(pattern) & texts.str.contains("[0-9]")).all())


def _read(column: Series, *, thousands: str, decimal: str) -> Series:
    plain = column.str.strip().str.replace(thousands, "", regex=True)
    return to_numeric(plain.str.replace(decimal, ".", regex=False))
