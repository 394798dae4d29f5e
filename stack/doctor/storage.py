"""Checks of the blob store: that it can be written and read from here, and that there is room."""

import shutil
from pathlib import Path
from uuid import uuid4

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from jobs.blobs import open_blobs
from jobs.errors import StorageError
from jobs.masking import without_password
from jobs.settings import Settings
from stack.doctor.finding import Finding, fail, ok, unknown, warn

#: Share of the disk that should be free.
ROOM = 0.1

_ADVICE = "Mend it, or name another store by COATCHECK_BLOB_URL, which API and workers must share."


def check_storage(settings: Settings) -> Finding:
    """Writes a small file, reads it and deletes it, as the API and the workers do."""
    where = without_password(_place(settings))
    name, content = f"doctor-{uuid4().hex}", b"coatcheck doctor"
    try:
        blobs = open_blobs(settings)
        blobs.write(name, content)
        read = blobs.read(name)
        blobs.delete(name)
    except (StorageError, ImportError) as error:
        return fail(f"{where} can't be used from here: {error}", _ADVICE)
    if read != content:
        return fail(f"{where} gave back something else than was written.", _ADVICE)
    return ok(f"{where} takes files, gives them back and deletes them.")


def check_space(settings: Settings) -> Finding:
    """How much room the folder of the files has; buckets don't say."""
    try:
        files, root = url_to_fs(_place(settings))
    except (OSError, ImportError) as error:
        return unknown(f"The blob store can't be opened: {error}")
    if not isinstance(files, LocalFileSystem):
        return ok("A bucket, which has no limit that could be asked for.")
    disk = shutil.disk_usage(_standing(Path(root)))
    found = f"{disk.free / 2**30:.3g} GiB of {disk.total / 2**30:.3g} GiB are free at {root}."
    if disk.free < 2 * settings.max_result:
        return fail(found, "The next large input or result may not fit (507): free some space.")
    if disk.free < ROOM * disk.total:
        return warn(found, "Free some space, or keep results and data sets shorter.")
    return ok(found)


def _place(settings: Settings) -> str:
    return settings.blob_url or str(Path(settings.data_dir).absolute() / "blobs")


def _standing(folder: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())
