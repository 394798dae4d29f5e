"""What is left in Redis and in the blob store once everything has expired, and nothing explains."""

import time
from pathlib import Path
from typing import cast

from jobs.store import Store

#: What kombu keeps for as long as there are workers.
_BINDING = b"_kombu.binding"


def leftovers(store: Store) -> list[str]:
    """Keys and files that should be gone, each with what it is."""
    keys = [key for key in store.redis.scan_iter(count=1000) if not _is_explained(store, key)]
    # Whose process was killed before the move that would have made it a job's own, that goes later.
    due = {name.decode() for name in cast("list[bytes]", store.redis.zrange(store.keys.blobs, 0, -1))}
    root = Path(store.settings.data_dir, "blobs")
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    return [f"key {key.decode()}" for key in sorted(keys)] + [f"file {name}" for name in sorted(files - due)]


def _is_explained(store: Store, key: bytes) -> bool:
    keys = store.keys
    kept = (keys.roster, keys.roster_seen, keys.counts)
    if key.decode() in kept or key.startswith((_BINDING, keys.counted("").encode())):
        return True
    if key.startswith(b"rq:"):
        return _is_of_rq(store, key)
    return key == keys.blobs.encode() and _oldest(store, keys.blobs) / 1000 > time.time()


def _is_of_rq(store: Store, key: bytes) -> bool:
    """RQ knows its workers and queues for good; of a worker that was killed it forgets the rest after a while."""
    if key.startswith(b"rq:job:"):
        started = b"".join(
            member for wip in store.redis.scan_iter("rq:wip:*") for member in store.redis.zrange(wip, 0, -1)
        )
        return store.redis.ttl(key) >= 0 or key.removeprefix(b"rq:job:") in started
    return not key.startswith(b"rq:queue:")


def _oldest(store: Store, index: str) -> float:
    """The lowest score of the index; now for one that is empty."""
    found = store.redis.zrange(index, 0, 0, withscores=True)
    return float(found[0][1]) if found else time.time()
