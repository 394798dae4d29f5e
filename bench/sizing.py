"""What a machine has to have: memory of each role and of each job in Redis, and processor time of a job.

``PYTHONPATH=tests:tests/integration:tests/acceptance .venv/bin/python -P bench/sizing.py`` takes about a minute. Memory
is the proportional set size (a page that processes share counts in parts), so it can be added up. Processor times are
told rather than jobs a second, for those depend on what else the machine does.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import psutil
from processes import Api, Role, Worker
from submissions import NOTHING, submitted
from waiting import eventually

from jobs.leases import Leases
from jobs.roster import Role as MemberRole
from jobs.roster import Roster
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep
from stack.redis_server import EmbeddedRedis, RedisAddress

#: A result as an analysis may have it, bytes.
RESULT = 1000

_MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What was measured."""

    #: Bytes that Redis uses for a job: queued; ended, with a result of RESULT bytes; once the result has expired.
    job_bytes: Mapping[str, float]
    #: Proportional set size of each process of a role, MiB: the parent's, and of each child on average.
    memory: Mapping[str, tuple[float, float]]
    #: Processor time that a trivial job takes from the POST to its end, ms, by who spends it.
    cpu: Mapping[str, float]


def main() -> None:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000, help="jobs over which is averaged")
    jobs = parser.parse_args().jobs
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as folder:
        print(json.dumps(vars(_measured(Path(folder), jobs=jobs)), indent=2))


def _measured(folder: Path, *, jobs: int) -> Sizes:
    with EmbeddedRedis(data_dir=folder / "redis", address=RedisAddress(socket=folder / "redis.sock")) as redis:
        settings = Settings(redis_url=redis.url, namespace="sizing", data_dir=str(folder), open=True)
        # A process that is replaced takes what it has spent along.
        settings = replace(settings, analyses=("tasks", "samples"), recycle_after=1_000_000)
        job_bytes = _job_bytes(replace(settings, namespace="still", result_ttl=1), jobs=jobs)
        internal = Role(settings, ("worker", "--internal", "--concurrency", "2"), folder / "internal.log")
        with Api(settings, folder, processes=2) as api, Worker(settings, folder) as worker, internal:
            _wait_until_all_are_there(settings)
            roles = {"api": api, "worker": worker, "internal": internal}
            memory = {f"{name}, idle": _memory(role) for name, role in roles.items()}
            cpu = _cpu(
                settings, api, {name: role.running.pid for name, role in roles.items()} | {"redis": redis.pid}, jobs
            )
            _train(api)
            memory |= {f"{name}, after work": _memory(role) for name, role in roles.items()}
    return Sizes(job_bytes=job_bytes, memory=memory, cpu=cpu)


def _wait_until_all_are_there(settings: Settings) -> None:
    store = Store(settings)
    eventually(lambda: {member.role for member in Roster(store).members()} == {*MemberRole}, within=60)
    store.redis.close()


def _job_bytes(settings: Settings, *, jobs: int) -> dict[str, float]:
    """Jobs that no worker sees, moved by hand; the result of each is gone after a second."""
    store = Store(settings)
    worker = Leases(store, worker="sizing")
    before = _used(store)
    ids = [submitted(store).id for _ in range(jobs)]
    queued = _used(store) - before
    for job_id in ids:
        worker.succeed(worker.claim(job_id), b'"' + b"x" * (RESULT - 2) + b'"', metrics=NOTHING)
    # What is queued for Celery is no part of it: no worker has popped the messages.
    store.redis.delete(*[store.queue.key(step) for step in range(9)])
    eventually(lambda: not store.redis.exists(store.keys.result(ids[-1])), within=60)
    sweep(store)
    tombstone = _used(store) - before
    # Results expire one by one while others are still written; this one is told of a moment when all are there.
    ended = tombstone + jobs * _size_of_result(store)
    store.redis.flushall()
    store.redis.close()
    return {"queued": queued / jobs, "ended": ended / jobs, "result expired": tombstone / jobs}


def _size_of_result(store: Store) -> float:
    key = store.keys.result("01890a5d-ac96-774b-bcce-b302099a8057")
    store.redis.set(key, b"x" * RESULT, px=60_000)
    return float(store.redis.memory_usage(key) or 0)


def _used(store: Store) -> int:
    return int(store.redis.info("memory")["used_memory"])


def _memory(role: Role) -> tuple[float, float]:
    parent = psutil.Process(role.running.pid)
    children = [child.memory_full_info().pss / _MIB for child in parent.children(recursive=True)]
    return round(parent.memory_full_info().pss / _MIB, 1), round(sum(children) / max(1, len(children)), 1)


def _cpu(settings: Settings, api: Api, pids: Mapping[str, int], jobs: int) -> dict[str, float]:
    """Jobs one after the other by HTTP on one connection, each polled once at its end."""
    store = Store(settings)
    before = {name: _seconds(pid) for name, pid in pids.items()}
    with httpx.Client(base_url=api.url) as client:
        ids = [_post(client) for _ in range(jobs)]
        eventually(lambda: not store.redis.exists(store.keys.backlog, store.keys.leases), within=300)
        for job_id in ids:
            client.get(f"/resource/{job_id}/result").raise_for_status()
    store.redis.close()
    return {name: round(1000 * (_seconds(pid) - before[name]) / jobs, 2) for name, pid in pids.items()}


def _post(client: httpx.Client) -> str:
    answer = client.post("/analysis/double/run", json={"params": {"number": 1}}).raise_for_status()
    return str(answer.json()["id"])


def _train(api: Api) -> None:
    """Real work, so that what it leaves in memory is seen: a few models, and then a picture."""
    train = {"data": {"builtin": "breast_cancer"}, "params": {"target": "target"}}
    for name, body in [("train", train)] * 4 + [("describe", {"data": {"builtin": "wine"}})]:
        job = httpx.post(f"{api.url}/analysis/{name}/run", json=body).raise_for_status().json()["id"]
        eventually(lambda job=job: httpx.get(f"{api.url}/jobs/{job}").json()["status"] == "succeeded", within=300)
    picture = f"{api.url}/resource/{job}/figures/correlations"
    httpx.get(picture, headers={"Accept": "image/png"}, timeout=120).raise_for_status()


def _seconds(pid: int) -> float:
    """Processor time of a process and those that it has started, seconds."""
    process = psutil.Process(pid)
    return sum(sum(each.cpu_times()[:2]) for each in [process, *process.children(recursive=True)])


if __name__ == "__main__":
    main()
