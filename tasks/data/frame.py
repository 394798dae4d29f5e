"""A source as a pandas table; heavy, for workers only."""

import orjson
from pandas import DataFrame

from tasks.data.builtin import load_builtin
from tasks.data.files import read_file, with_plain_numbers
from tasks.data.reading import Reading
from tasks.data.source import Source


def read_frame(source: Source) -> DataFrame:
    """Return the table: one row per record, named columns in the order sent, missing cells as NaN or None.

    Raises tasks.errors.AnalysisError where a file can't be read, saying what to change.
    """
    return read_source(source).table


def read_source(source: Source) -> Reading:
    """Return the table as `read_frame` does, and what was assumed to read it."""
    if source.kind == "builtin":
        return Reading(table=load_builtin(source.name or ""))
    if source.kind == "file":
        return read_file(source)
    return Reading(table=with_plain_numbers(DataFrame(orjson.loads(source.payload or b"[]"))))
