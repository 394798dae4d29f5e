"""Restoring: what a backup holds is written into an empty service, in a Redis that runs or in a data dir."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from jobs.blobs import Blobs, open_blobs
from jobs.connection import connect
from jobs.settings import Settings
from stack.backup.files import copy_files
from stack.backup.keys import copy_keys, has_keys
from stack.backup.manifest import Folder, Manifest
from stack.data_dir import DataDir, locked, runtime_dir
from stack.errors import BackupRefused
from stack.redis_server import EmbeddedRedis, RedisAddress

#: How long writing a batch of keys may take, seconds.
_PATIENCE = 30.0


def restore(settings: Settings, root: Path, *, into_data_dir: bool) -> tuple[Manifest, int]:
    """Writes the backup into the service of these settings, or for ``into_data_dir`` into the embedded Redis that a
    `coatcheck up` will start on its data dir. Gives what the backup says of itself, and how many keys were written.

    Files first, the records that need them after.

    Raises:
        BackupRefused: it is of another namespace or not whole, or the service has jobs already.
        DataDirInUse: a `coatcheck up` runs there.
        StoreUnavailable: Redis can't take it.
        StorageError: a file can't be read or written.

    """
    folder = Folder(root)
    manifest = folder.read()
    if manifest.namespace != settings.namespace:
        raise BackupRefused(f"The backup is of COATCHECK_NAMESPACE={manifest.namespace}, not {settings.namespace}.")
    with _target(settings, into_data_dir=into_data_dir) as target:
        redis = connect(replace(target, redis_timeout=_PATIENCE))
        try:
            if has_keys(redis, target):
                raise BackupRefused("The service has keys in Redis already: stop API and workers, and empty it first.")
            if manifest.files is not None:
                copy_files(Blobs(str(folder.files.absolute())), open_blobs(target))
            return manifest, copy_keys(folder.snapshot, redis, target)
        finally:
            redis.close()


@contextmanager
def _target(settings: Settings, *, into_data_dir: bool) -> Iterator[Settings]:
    """The settings by which the service is reached that is written into."""
    if not into_data_dir:
        yield settings
        return
    data_dir = DataDir(Path(settings.data_dir).absolute())
    data_dir.make()
    with locked(data_dir), runtime_dir() as sockets:
        address = RedisAddress(socket=sockets / "redis.sock")
        with EmbeddedRedis(data_dir=data_dir.redis, address=address) as server:
            yield replace(settings, redis_url=server.url)
