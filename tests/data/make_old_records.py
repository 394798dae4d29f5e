"""Writes what this version keeps in Redis of jobs in several states; done once for each release, and never changed.

``PYTHONPATH=tests:tests/integration .venv/bin/python tests/data/make_old_records.py`` writes ``records-VERSION.json``:
for each job its record, and the name of the lane or index that it stands in.
"""

import json
import sys
import tempfile
from pathlib import Path

from submissions import NOTHING, submitted

from jobs.claims import Draft, Progress
from jobs.job import Cause, Failure, Job
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from jobs.version import service_version
from stack.redis_server import EmbeddedRedis, RedisAddress


def main() -> None:
    """Writes the file."""
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as folder:
        address = RedisAddress(socket=Path(folder, "redis.sock"))
        with EmbeddedRedis(data_dir=Path(folder), address=address) as redis:
            store = Store(Settings(redis_url=redis.url, data_dir=folder))
            records = {name: _record(store, job) for name, job in _jobs(store).items()}
            store.redis.close()
    target = Path(__file__).parent / f"records-{service_version()}.json"
    target.write_text(json.dumps(records, indent=2, sort_keys=True) + "\n")
    sys.stdout.write(f"{target}\n")


def _jobs(store: Store) -> dict[str, Job]:
    worker = Leases(store, worker="worker-1")
    queued = submitted(store, expires_in=3600, webhook="https://example.org/hook")
    running = submitted(store)
    worker.note(
        worker.claim(running.id), progress=Progress(share=40, stage="fitting", scores={"r2": 0.5}), message="Half."
    )
    succeeded = submitted(store)
    draft = Draft(kind="figure", name="plot", title="A plot", media_type="application/json", content=b"{}")
    worker.succeed(worker.claim(succeeded.id), b"{}", metrics=NOTHING, attached=[draft])
    failed = submitted(store)
    worker.fail(worker.claim(failed.id), Failure(cause=Cause.CRASHED, message="It broke."), metrics=NOTHING)
    return {"queued": queued, "running": running, "succeeded": succeeded, "failed": failed}


def _record(store: Store, job: Job) -> dict[str, str]:
    fields = store.redis.hgetall(store.keys.record(job.id))
    return {name.decode(): value.decode() for name, value in fields.items()} | {"id": job.id}


if __name__ == "__main__":
    main()
