"""The files of a backup: one blob store copied into another, file by file."""

import shutil
from collections.abc import Container
from typing import IO, cast

from jobs.blobs import BLOCK, Blobs
from jobs.errors import BlobMissing


def copy_files(source: Blobs, target: Blobs, *, needed: Container[str] | None = None) -> int:
    """Copies what ``source`` has and ``target`` lacks, all or what is ``needed``; returns how many ``target`` has then.

    A file's content never changes, so one that is there is the same. One that goes meanwhile has expired.

    Raises:
        StorageError: one of them can't be used.

    """
    there, count = set(target.names()), 0
    for name in source.names():
        if needed is None or name in needed:
            count += name in there or _copy(name, source, target)
    return count


def _copy(name: str, source: Blobs, target: Blobs) -> bool:
    try:
        with source.reading(name) as found, target.writing(name) as file:
            shutil.copyfileobj(found.file, cast("IO[bytes]", file), BLOCK)
    except BlobMissing:
        return False
    return True
