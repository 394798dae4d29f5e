"""Tables that are small on disk and huge in memory, or that bring code: what comes of them where memory is limited."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.data.columnar import read_arrow, read_parquet
from tasks.data.reading import Reading
from tasks.data.refusal import FileRefused
from worker.memory import memory_limited


class _Leaves:
    """What makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self._path,)


def _write(table: pa.Table, path: Path, kind: str) -> Callable[[Path], Reading]:
    if kind == "parquet":
        pq.write_table(table, path)
        return lambda path: read_parquet(lambda: path.open("rb"))
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)
    return lambda path: read_arrow(lambda: path.open("rb"))


def test_a_table_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "packed.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), pa.array(["x" * 100_000]))
    read = _write(pa.table({"text": texts, "number": range(200_000)}), path, "parquet")
    assert path.stat().st_size < 2**22
    with memory_limited(2**29), pytest.raises(FileRefused, match="more memory, unpacked, than a run may have"):
        read(path)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_what_is_pickled_in_a_table_is_not_unpickled(tmp_path: Path, kind: str) -> None:
    traces = tmp_path / "unpickled"
    extension = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": pickle.dumps(_Leaves(traces)),
    }
    column = pa.field("number", pa.int64(), metadata=extension)
    table = pa.table([pa.array([1, 2, 3])], schema=pa.schema([column]))
    read = _write(table, tmp_path / f"table.{kind}", kind)
    assert list(read(tmp_path / f"table.{kind}").table["number"]) == [1, 2, 3]
    assert not traces.exists()
