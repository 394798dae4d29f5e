"""Parquet and Arrow files as tables: limits are looked up before anything is read, and types made plain.

Source: https://arrow.apache.org/docs/python/
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from pyarrow import types

from tasks.data.limits import MAX_CELLS, MAX_COLUMN_NAME, MAX_COLUMNS, MAX_ROWS, MAX_TEXT
from tasks.data.reading import Reading
from tasks.data.refusal import FileRefused

#: How a column begins in which pandas has written its index.
_INDEX = "__index_level_"


def read_parquet(opened: Callable[[], BinaryIO]) -> Reading:
    """Return the table of a Parquet file; raises FileRefused where it is broken or has columns that are no cells."""
    with opened() as raw, _told("Parquet"):
        file = pq.ParquetFile(raw)
        schema, metadata = file.schema_arrow, file.metadata
        _check(schema, metadata.num_rows)
        # A text that is repeated stays one text until it is known how much memory they would take.
        texts = {column.name for column in schema if _is_text(column.type)} - _delta_encoded(metadata)
        return _reading(pq.ParquetFile(raw, metadata=metadata, read_dictionary=sorted(texts)).read())


def _delta_encoded(metadata: pq.FileMetaData) -> set[str]:
    """The columns with a part in one of the encodings ``DELTA_*``, of which pyarrow makes no dictionaries."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    parts = [group.column(number) for group in groups for number in range(group.num_columns)]
    return {part.path_in_schema for part in parts if any(said.startswith("DELTA_") for said in part.encodings)}


def read_arrow(opened: Callable[[], BinaryIO]) -> Reading:
    """Return the table of Arrow's IPC format, file or stream; raises FileRefused as `read_parquet` does."""
    with opened() as raw, _told("Arrow"):
        is_file = raw.read(6) == b"ARROW1"
        raw.seek(0)
        reader = pa.ipc.open_file(raw) if is_file else pa.ipc.open_stream(raw)
        batches = [reader.get_batch(number) for number in range(reader.num_record_batches)] if is_file else list(reader)
        table = pa.Table.from_batches(batches, reader.schema)
        table.validate(full=True)
        _check(table.schema, table.num_rows)
        return _reading(table)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """A refusal of what pyarrow can't read."""
    try:
        yield
    except pa.ArrowMemoryError:
        # Half a megabyte can stand for many gigabytes: a long text that is repeated is written once.
        raise FileRefused(f"The {name} file takes more memory, unpacked, than a run may have.") from None
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FileRefused(f"The {name} file can't be read, for it is broken or cut off: {reason}") from None


def _check(schema: pa.Schema, rows: int) -> None:
    names = [name for name in schema.names if not name.startswith(_INDEX)]
    if rows == 0 or not names:
        raise FileRefused("The file has no rows or no columns; send at least one of each.")
    if rows > MAX_ROWS or len(names) > MAX_COLUMNS or rows * len(names) > MAX_CELLS:
        raise FileRefused(
            f"The file has {rows:,} rows by {len(names):,} columns; at most {MAX_ROWS:,} rows, {MAX_COLUMNS:,} columns "
            f"and {MAX_CELLS:,} cells are allowed."
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FileRefused(f"Two columns are both called {twice[:100]!r}; rename one of them.")
    for column in schema:
        if not column.name.strip() or len(column.name) > MAX_COLUMN_NAME:
            raise FileRefused(f"A column's name is blank or longer than {MAX_COLUMN_NAME} characters.")
        if not _is_cell(column.type):
            raise FileRefused(
                f"Column {column.name[:100]!r} holds {column.type}, which is no cell of a table; flatten it, or leave "
                "it out."
            )


def _is_cell(kind: pa.DataType) -> bool:
    if types.is_dictionary(kind):
        return _is_cell(kind.value_type)
    return bool(
        types.is_null(kind)
        or types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_date(kind)
        or types.is_timestamp(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _check_text(table: pa.Table) -> None:
    """Refuse the table where its repeated texts are too long, each counted as often as it stands there."""
    packed = [column for column in table.columns if types.is_dictionary(column.type)]
    total = sum(_text_size(chunk) for column in packed if _is_text(column.type.value_type) for chunk in column.chunks)
    if total > MAX_TEXT:
        raise FileRefused(
            f"The file's texts take {total:,} bytes, unpacked; at most {MAX_TEXT:,} are allowed. Leave out columns of "
            "long texts that an analysis does not need."
        )


def _text_size(packed: pa.DictionaryArray) -> int:
    lengths = pc.binary_length(pc.cast(packed.dictionary, pa.large_string()))
    return int(pc.sum(pc.cast(lengths.take(packed.indices), pa.int64())).as_py() or 0)


def _reading(table: pa.Table) -> Reading:
    _check_text(table)
    plain = {name: _plain(table.column(name)) for name in table.column_names if not name.startswith(_INDEX)}
    return Reading(table=pa.table(plain).to_pandas(ignore_metadata=True))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column with a type that an analysis knows."""
    kind = column.type
    if types.is_dictionary(kind):
        return _plain(pc.cast(column, kind.value_type))
    if types.is_decimal(kind) or types.is_float16(kind):
        return pc.cast(column, pa.float64())
    if types.is_date(kind):
        return pc.cast(column, pa.timestamp("ms"))
    return column
