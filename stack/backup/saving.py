"""Saving: a running service is written into a folder."""

from datetime import UTC, datetime
from pathlib import Path

from jobs.blobs import Blobs, open_blobs
from jobs.settings import Settings
from jobs.version import service_version
from stack.backup.files import copy_files
from stack.backup.manifest import Folder, Manifest, sha256_of
from stack.backup.snapshot import fetch_snapshot


def save(settings: Settings, root: Path, *, with_files: bool) -> Manifest:
    """Writes what the service keeps into the fresh folder ``root``; jobs go on meanwhile.

    Redis first, the files after it: a file is written before the record that needs it, so no record of the snapshot
    lacks its file but for what has expired, or was deleted by its owner, in between.

    Raises:
        BackupRefused: the folder or Redis can't be used; the text says why.
        StorageError: a file can't be read or written.

    """
    folder = Folder(root)
    folder.make()
    taken = datetime.now(UTC)
    fetch_snapshot(settings, folder.snapshot)
    files = _save_files(settings, folder.files.absolute()) if with_files else None
    manifest = Manifest(
        version=service_version(),
        namespace=settings.namespace,
        taken=taken.isoformat(timespec="seconds"),
        snapshot_sha256=sha256_of(folder.snapshot),
        files=files,
    )
    folder.write(manifest)
    return manifest


def _save_files(settings: Settings, target: Path) -> int:
    # It is there also where no file goes into it.
    target.mkdir()
    return copy_files(open_blobs(settings), Blobs(str(target)))
