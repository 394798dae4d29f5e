"""Tables that are small on disk and huge in memory, or that bring code: what comes of them where memory is limited."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.data import columnar
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


def _repeated(length: int, *, times: int, kind: pa.DataType) -> pa.Array:
    """A text of this length that stands in so many rows, and is written once; the last row has none."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * times + [None], pa.int32()), pa.array(["x" * length], kind))


@pytest.mark.parametrize("text", [pa.string(), pa.large_string()], ids=str)
@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_file_that_stands_for_too_much_text_is_refused(tmp_path: Path, kind: str, text: pa.DataType) -> None:
    path = tmp_path / f"packed.{kind}"
    # 20 GB of text in a column, by a name that Parquet could take for a path.
    table = pa.table({"a.text": _repeated(100_000, times=200_000, kind=text), "number": range(200_001)})
    read = _write(table, path, kind)
    assert path.stat().st_size < 2**22
    # With much less memory than the text would take.
    with memory_limited(2**29), pytest.raises(FileRefused, match="texts take 20,000,000,000 bytes, unpacked; at most"):
        read(path)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_text_that_is_repeated_is_read_as_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"packed.{kind}"
    read = _write(pa.table({"a.text": _repeated(1_000, times=1_000, kind=pa.string())}), path, kind)
    texts = read(path).table["a.text"]
    assert (texts[:1_000] == "x" * 1_000).all()
    assert texts[1_000:].isna().all()
    assert len(texts) == 1_001


def test_a_file_that_takes_more_memory_than_a_run_may_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnar, "MAX_TEXT", 2**50)
    path = tmp_path / "packed.parquet"
    read = _write(pa.table({"text": _repeated(100_000, times=200_000, kind=pa.string())}), path, "parquet")
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


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_texts_in_every_encoding_of_parquet_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "encoded.parquet"
    table = pa.table({"a.text": ["x", "xy", None, "xyz"], "other": ["b", "b", "b", "b"], "number": [1, 2, 3, 4]})
    pq.write_table(table, path, use_dictionary=["other"], column_encoding={"a.text": encoding})
    read = read_parquet(lambda: path.open("rb")).table
    assert read["a.text"].fillna("").tolist() == ["x", "xy", "", "xyz"]
    assert read["other"].tolist() == ["b"] * 4
