"""The blob store: files that are too large for Redis, in a folder or wherever fsspec can write."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast

import fsspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from jobs.errors import BlobMissing, StorageError
from jobs.settings import Settings

#: Bytes that go to an object store at once, and that a file under way takes of the memory.
BLOCK = 8 * 2**20

#: How often left-over files are looked for, seconds.
TIDIED_EVERY = 3600.0

#: How long a file that is being written may stand still before it counts as left over, seconds.
LEFT_OVER = 3600.0

#: How a file in a folder ends while it is written.
_UNDER_WAY = ".part"


class Writer(Protocol):
    """Takes a file piece by piece."""

    def write(self, piece: bytes, /) -> object:
        """Takes the next bytes."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An open file."""

    #: At its first byte; can be sought.
    file: IO[bytes]
    #: Bytes.
    size: int


class Blobs:
    """Files by name below one URL; a name is written once and never changed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened_by = 0
        #: When left-over files are looked for next, by the monotonic clock.
        self._tidied_next = 0.0
        self._files: fsspec.AbstractFileSystem
        self._root: str
        #: What it raises when it fails.
        self._failures: tuple[type[Exception], ...]
        self._open()

    def write(self, name: str, content: bytes) -> None:
        """Writes the file whole or not at all.

        Raises:
            StorageError: it could not be written.

        """
        with self.writing(name) as file:
            file.write(content)

    @contextmanager
    def writing(self, name: str) -> Iterator[Writer]:
        """Takes a file piece by piece. It is there after the block; if the block raises, nothing of it is.

        Raises:
            StorageError: it could not be written.

        """
        self._open()
        begin = self._to_folder if isinstance(self._files, LocalFileSystem) else self._to_objects
        with self._told(f"write {name}"), begin(self._path(name)) as file:
            yield file

    def read(self, name: str) -> bytes:
        """The file's content.

        Raises:
            BlobMissing: there is none.
            StorageError: it could not be read.

        """
        self._open()
        with self._told(f"read {name}"):
            return cast("bytes", self._files.cat_file(self._path(name)))

    @contextmanager
    def reading(self, name: str) -> Iterator[Found]:
        """The open file, of which only what is read comes into memory.

        Raises:
            BlobMissing: there is none.
            StorageError: it could not be read.

        """
        self._open()
        options = {} if isinstance(self._files, LocalFileSystem) else {"block_size": BLOCK, "cache_type": "readahead"}
        with self._told(f"read {name}"):
            size = cast("int", self._files.size(self._path(name)))
            with self._files.open(self._path(name), "rb", **options) as file:
                yield Found(file=cast("IO[bytes]", file), size=size)

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """The file as one of this machine, for as long as the block lasts: itself, or a copy.

        Raises:
            BlobMissing: there is none.
            StorageError: it could not be read.

        """
        self._open()
        if isinstance(self._files, LocalFileSystem):
            path = Path(self._path(name))
            if not path.exists():
                raise BlobMissing(f"The blob store has no {name}.")
            yield path
            return
        with tempfile.NamedTemporaryFile(prefix="coatcheck-") as copy:
            with self.reading(name) as found:
                shutil.copyfileobj(found.file, copy, BLOCK)
            copy.flush()
            yield Path(copy.name)

    def names(self) -> list[str]:
        """The names of all files that are there whole.

        Raises:
            StorageError: they can't be listed.

        """
        self._open()
        with self._told("list its files"):
            paths = cast("list[str]", self._files.find(self._root))
        return [path.removeprefix(f"{self._root}/") for path in paths if not path.endswith(_UNDER_WAY)]

    def delete(self, name: str) -> None:
        """Deletes the file; one that is gone already is no error.

        Raises:
            StorageError: it is there and could not be deleted.

        """
        self._open()
        with suppress(BlobMissing), self._told(f"delete {name}"):
            self._files.rm_file(self._path(name))

    def tidy(self) -> int:
        """Deletes what processes that were killed left half written, if it is time to look; returns how many files.

        Object stores show nothing half written; there a rule of the bucket aborts multipart uploads.

        Raises:
            StorageError: a file could not be deleted.

        """
        self._open()
        now = time.monotonic()
        if now < self._tidied_next or not isinstance(self._files, LocalFileSystem):
            return 0
        self._tidied_next = now + TIDIED_EVERY
        with self._told("tidy up"):
            left = [path for path in Path(self._root).rglob(f"*{_UNDER_WAY}") if _age(path) > LEFT_OVER]
            for path in left:
                path.unlink(missing_ok=True)
        return len(left)

    def _open(self) -> None:
        """Connections to an object store don't outlive a fork."""
        if self._opened_by != os.getpid():
            self._files, self._root = url_to_fs(self._url)
            self._failures = _failures_of(self._files)
            self._opened_by = os.getpid()

    @contextmanager
    def _to_folder(self, path: str) -> Iterator[Writer]:
        """A local file is written beside its place and then renamed."""
        part = Path(path + _UNDER_WAY)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                yield file
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    @contextmanager
    def _to_objects(self, path: str) -> Iterator[Writer]:
        """Object stores show only whole objects."""
        file = self._files.open(path, "wb", block_size=BLOCK, autocommit=False)
        try:
            yield cast("Writer", file)
            file.close()
            file.commit()
        except BaseException:
            # So that it is not uploaded after all when it is collected.
            file.closed = True
            with suppress(*self._failures):
                file.discard()
            raise

    @contextmanager
    def _told(self, act: str) -> Iterator[None]:
        """Makes a ``StorageError`` of what the file system raises; errors of jobs pass."""
        try:
            yield
        except FileNotFoundError as error:
            raise BlobMissing(f"The blob store can't {act}: there is no such file.") from error
        except self._failures as error:
            raise StorageError(f"The blob store can't {act}: {error}") from error

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def open_blobs(settings: Settings) -> Blobs:
    """The blob store of these settings; in the data dir where they name no other."""
    return Blobs(settings.blob_url or str(Path(settings.data_dir).absolute() / "blobs"))


def _failures_of(files: fsspec.AbstractFileSystem) -> tuple[type[Exception], ...]:
    """s3fs makes an OSError of what S3 answers, but not of an S3 that does not answer."""
    if "s3" not in files.protocol:
        return (OSError,)
    from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]

    return (OSError, BotoCoreError)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
