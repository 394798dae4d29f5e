"""The blob store: inputs and results that are too large for Redis, in a folder or wherever fsspec can write."""

from pathlib import Path

import fsspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from jobs.errors import BlobMissing, StorageError
from jobs.settings import Settings


class Blobs:
    """Files by name below one URL; a name is written once and never changed."""

    def __init__(self, url: str) -> None:
        self._files: fsspec.AbstractFileSystem
        self._files, self._root = url_to_fs(url, auto_mkdir=True)

    def write(self, name: str, content: bytes) -> None:
        """Writes the file whole or not at all.

        Raises:
            StorageError: it could not be written.

        """
        try:
            self._write_whole(self._path(name), content)
        except OSError as error:
            raise StorageError(f"The blob store can't write {name}: {error}") from error

    def read(self, name: str) -> bytes:
        """The file's content.

        Raises:
            BlobMissing: there is none.
            StorageError: it could not be read.

        """
        try:
            content: bytes = self._files.cat_file(self._path(name))
        except FileNotFoundError as error:
            raise BlobMissing(f"The blob store has no {name}.") from error
        except OSError as error:
            raise StorageError(f"The blob store can't read {name}: {error}") from error
        return content

    def delete(self, name: str) -> None:
        """Deletes the file; one that is gone already is no error.

        Raises:
            StorageError: it is there and could not be deleted.

        """
        try:
            self._files.rm_file(self._path(name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(f"The blob store can't delete {name}: {error}") from error

    def _write_whole(self, path: str, content: bytes) -> None:
        """Object stores show only whole objects; a local file is written beside its place and then renamed."""
        if not isinstance(self._files, LocalFileSystem):
            self._files.pipe_file(path, content)
            return
        part = Path(f"{path}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(content)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def open_blobs(settings: Settings) -> Blobs:
    """The blob store of these settings; in the data dir where they name no other."""
    return Blobs(settings.blob_url or str(Path(settings.data_dir).absolute() / "blobs"))
