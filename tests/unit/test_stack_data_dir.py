"""The data dir's lock and the folder for sockets."""

import os
import stat
from pathlib import Path

import pytest

from stack.data_dir import DataDir, locked, runtime_dir
from stack.errors import DataDirInUse, StackError


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    data_dir = DataDir(tmp_path / "data")
    data_dir.make()
    return data_dir


def test_the_lock_names_its_owner(data_dir: DataDir) -> None:
    with locked(data_dir):
        assert data_dir.lock_file.read_text() == f"{os.getpid()}\n"


def test_a_second_owner_is_refused(data_dir: DataDir) -> None:
    with locked(data_dir), pytest.raises(DataDirInUse, match=f"process {os.getpid()}"), locked(data_dir):
        pass


def test_the_lock_is_free_after_its_owner(data_dir: DataDir) -> None:
    with locked(data_dir):
        pass
    with locked(data_dir) as lock:
        assert os.fstat(lock).st_size > 0


def test_a_lock_file_that_was_left_behind_is_no_lock(data_dir: DataDir) -> None:
    data_dir.lock_file.write_text("123456789\n")
    with locked(data_dir):
        assert data_dir.lock_file.read_text() == f"{os.getpid()}\n"


def test_the_folder_for_sockets_is_private() -> None:
    with runtime_dir() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_folder_for_sockets_is_removed_afterwards() -> None:
    with runtime_dir() as folder:
        (folder / "redis.sock").touch()
    assert not folder.exists()


def test_the_folder_for_sockets_is_short_where_the_temporary_folder_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    with runtime_dir() as folder:
        assert len(os.fsencode(folder / "redis.sock")) <= 100


def test_a_runtime_folder_that_cannot_be_written_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
    with runtime_dir() as folder:
        assert folder.is_dir()


def test_a_data_dir_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"^The data dir \S+ can't be used: Not a directory$"):
        DataDir(tmp_path / "file" / "data").make()


def test_a_data_dir_that_is_made_is_nobody_else_s_to_read(tmp_path: Path) -> None:
    made = DataDir(tmp_path / "above" / "data")
    made.make()
    assert [stat.S_IMODE(folder.stat().st_mode) & 0o077 for folder in (made.root, made.redis)] == [0, 0]


def test_a_data_dir_that_was_there_stays_as_open_as_it_was(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o750)
    DataDir(shared).make()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o750
