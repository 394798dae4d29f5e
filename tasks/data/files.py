"""A file as a pandas table, whatever its format; heavy, for workers only."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

from pandas import DataFrame
from pandas.api.types import is_object_dtype

from tasks.data.columnar import read_arrow, read_parquet
from tasks.data.delimited import read_delimited
from tasks.data.formats import HEAD, Format, tell_format
from tasks.data.json_lines import read_json_lines
from tasks.data.reading import Reading
from tasks.data.source import Source

#: What reads each format.
_READERS: Mapping[Format, Callable[[Callable[[], BinaryIO]], Reading]] = {
    Format.CSV: read_delimited,
    Format.PARQUET: read_parquet,
    Format.JSON_LINES: read_json_lines,
    Format.ARROW: read_arrow,
}


def read_file(source: Source) -> Reading:
    """Return the table of a source that is a file, and what was assumed to read it.

    Raises tasks.data.refusal.FileRefused where it can't be read, saying what to change.
    """
    with source.open() as file:
        found = tell_format(file.read(HEAD), media_type=source.media_type, name=source.name or "")
    read = _READERS[found](source.open)
    return Reading(table=with_plain_numbers(read.table), read_as=read.read_as, notes=read.notes)


def with_plain_numbers(frame: DataFrame) -> DataFrame:
    """Undo pandas' fallback to objects for integers that no one integer type can hold, and for columns of nulls."""
    for name in frame.columns:
        if is_object_dtype(frame[name]) and set(map(type, frame[name].dropna())) <= {int, float}:
            frame[name] = frame[name].astype("float64")
    return frame
