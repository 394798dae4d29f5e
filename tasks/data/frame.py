"""A source as a pandas table; heavy, for workers only."""

import orjson
from pandas import DataFrame
from pandas.api.types import is_object_dtype

from tasks.data.builtin import load_builtin
from tasks.data.delimited import read_delimited
from tasks.data.source import Source


def read_frame(source: Source) -> DataFrame:
    """Return the table: one row per record, named columns in the order sent, missing cells as NaN or None.

    Raises tasks.errors.AnalysisError where a file can't be read, saying what to change.
    """
    if source.kind == "builtin":
        return load_builtin(source.name or "")
    if source.kind == "csv":
        return _with_plain_numbers(read_delimited(source.payload or b""))
    return _with_plain_numbers(DataFrame(orjson.loads(source.payload or b"[]")))


def _with_plain_numbers(frame: DataFrame) -> DataFrame:
    """Undo pandas' fallback to objects for integers that no one integer type can hold, and for columns of nulls."""
    for name in frame.columns:
        if is_object_dtype(frame[name]) and set(map(type, frame[name].dropna())) <= {int, float}:
            frame[name] = frame[name].astype("float64")
    return frame
