"""Restoring: what a backup holds is written into an empty service, in a Redis that runs or in a data dir."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from redis import Redis

from jobs.blobs import Blobs, open_blobs
from jobs.connection import connect
from jobs.settings import Settings
from stack.backup.files import copy_files
from stack.backup.keys import copy_keys, has_keys, loaded
from stack.backup.manifest import Folder, Manifest
from stack.backup.needed import needed_files
from stack.data_dir import DataDir, locked, runtime_dir
from stack.errors import BackupRefused
from stack.redis_server import EmbeddedRedis, RedisAddress

#: How long writing a batch of keys may take, seconds.
_PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a restore has written."""

    #: What the backup says of itself.
    manifest: Manifest
    #: How many keys.
    keys: int
    #: How many files.
    files: int


def restore(settings: Settings, root: Path, *, into_data_dir: bool) -> Restored:
    """Writes the backup into the service of these settings, or for ``into_data_dir`` into the embedded Redis that a
    `coatcheck up` will start on its data dir.

    Files first, the records that need them after. Files that came after the snapshot are left out: nobody would use
    them, and no sweep would find them.

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
            with loaded(folder.snapshot) as source:
                files = _restore_files(folder, source, target) if manifest.files is not None else 0
                return Restored(manifest=manifest, keys=copy_keys(source, redis, target), files=files)
        finally:
            redis.close()


def _restore_files(folder: Folder, source: Redis, settings: Settings) -> int:
    needed = needed_files(source, settings)
    return copy_files(Blobs(str(folder.files.absolute())), open_blobs(settings), needed=needed)


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
