"""Many trivial jobs in a row through a real stack: does anything grow that should not?

``make soak`` runs 20,000 jobs through the store; ``make soak SOAK="--api"`` sends them as HTTP requests. Ends with 1 if
something grew or was left.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil
from processes import Api, Role, Worker
from submissions import submitted
from waiting import eventually

from jobs.job import JobStatus
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress

#: Jobs that are submitted before their ends are awaited and looked at.
BATCH = 250

#: Most that each may grow in 1000 jobs after the warm-up, KiB, by the straight line that fits the samples best.
BOUNDS = {"redis": 8.0, "worker": 64.0, "children": 256.0, "api": 256.0}

#: Share of the run that is warm-up.
WARM_UP = 0.25

#: Most keys that a finished job has: its record, its input, its result.
KEYS_A_JOB = 3

#: What stays in Redis when every job is forgotten, and why it is bounded.
STAYS = {
    r"_kombu\.binding.*": "kombu's names of queues, as many as there are queues",
    r".*:counts": "what /metrics tells, a field for each analysis and what has happened to its jobs",
    r".*:roster(-seen)?": "one entry for each process that is alive",
    r".*:counted:.*": "how far a process of the API has handed its counts over, expires",
}

_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What is in use when nothing runs and every job is forgotten."""

    jobs: int
    #: Seconds since the start.
    at: float
    #: Jobs a second since the last sample, without the waiting for it.
    pace: float
    #: KiB by part: Redis' used memory, resident memory of the processes (children together).
    memory: dict[str, float]


@dataclass
class Soak:
    """One run."""

    store: Store
    roles: dict[str, Role]
    submit: Callable[[], str]

    def __post_init__(self) -> None:
        self.samples: list[Sample] = []
        #: How many keys a finished job had, by how often.
        self.keys_a_job: Counter[int] = Counter()
        self.faults: list[str] = []
        self._began = time.monotonic()

    def run(self, jobs: int, *, every: int) -> None:
        """Runs so many jobs, and takes a sample after ``every`` of them."""
        for done in range(every, jobs + 1, every):
            began = time.monotonic()
            for _ in range(every // BATCH):
                self._run_batch()
            self._sample(done, pace=every / (time.monotonic() - began))

    def look_at_what_is_left(self) -> list[str]:
        """The keys that are in Redis at the end; those that nothing explains are faults."""
        left = sorted(key.decode() for key in self.store.redis.keys("*"))
        self.faults += [f"left: {key}" for key in left if not any(re.fullmatch(stays, key) for stays in STAYS)]
        return left

    def growth(self) -> dict[str, float]:
        """KiB that each part grew in 1000 jobs after the warm-up."""
        warm = [sample for sample in self.samples if sample.jobs > WARM_UP * self.samples[-1].jobs]
        jobs = [sample.jobs / 1000 for sample in warm]
        grown = {part: float(np.polyfit(jobs, [one.memory[part] for one in warm], 1)[0]) for part in warm[0].memory}
        self.faults += [
            f"{part} grew {grown[part]:.1f} KiB in 1000 jobs" for part in grown if grown[part] > BOUNDS[part]
        ]
        return grown

    def _run_batch(self) -> None:
        ids = [self.submit() for _ in range(BATCH)]
        eventually(self._is_idle, within=120, saying="The jobs did not end")
        with self.store.redis.pipeline(transaction=False) as pipeline:
            for job_id in ids:
                pipeline.hget(self.store.keys.record(job_id), "status")
            ends = Counter(str(status and status.decode()) for status in pipeline.execute())
        if ends != {JobStatus.SUCCEEDED: BATCH}:
            self.faults.append(f"not all succeeded: {dict(ends)}")
        self._count_keys(set(ids))

    def _is_idle(self) -> bool:
        keys = self.store.keys
        return not self.store.redis.exists(keys.backlog, keys.leases, keys.due)

    def _count_keys(self, ids: set[str]) -> None:
        owned = [(key, found[0].decode()) for key in self.store.redis.keys("*") if (found := _ID.findall(key))]
        with self.store.redis.pipeline(transaction=False) as pipeline:
            for key, _ in owned:
                pipeline.pttl(key)
            self.faults += [
                f"never expires: {key}" for (key, _), left in zip(owned, pipeline.execute(), strict=True) if left == -1
            ]
        self.keys_a_job.update(Counter(job_id for _, job_id in owned if job_id in ids).values())

    def _sample(self, done: int, *, pace: float) -> None:
        eventually(self._is_forgotten, within=120, saying="The jobs were not forgotten")
        memory = {"redis": self.store.redis.info("memory")["used_memory"] / 1024}
        for name, role in self.roles.items():
            parent = psutil.Process(role.running.pid)
            children = sum(child.memory_info().rss for child in parent.children(recursive=True)) / 1024
            own = parent.memory_info().rss / 1024
            memory |= {"worker": own, "children": children} if name == "worker" else {name: own + children}
        sample = Sample(jobs=done, at=time.monotonic() - self._began, pace=pace, memory=memory)
        self.samples.append(sample)
        print(_row(sample), flush=True)

    def _is_forgotten(self) -> bool:
        keys = self.store.keys
        return not self.store.redis.exists(keys.jobs, keys.finished, keys.blobs, keys.times("double"))


def main() -> int:
    """Runs it, prints the table and the verdict, returns the exit code."""
    arguments = _arguments()
    print("Each sample is taken at rest: every job before it is forgotten.\n")
    print(f"{'jobs':>7} {'s':>7} {'jobs/s':>7}  KiB")
    with _stack(arguments) as soak:
        soak.run(arguments.jobs, every=arguments.every)
        grown, left = soak.growth(), soak.look_at_what_is_left()
    print(f"\nGrowth after the first {WARM_UP:.0%}, KiB in 1000 jobs:")
    for part, amount in grown.items():
        print(f"  {part:<9} {amount:9.2f}   at most {BOUNDS[part]:g}")
    print(f"Keys of a finished job: {dict(soak.keys_a_job)} (number: jobs), at most {KEYS_A_JOB}")
    if max(soak.keys_a_job) > KEYS_A_JOB:
        soak.faults.append(f"a job had {max(soak.keys_a_job)} keys")
    print("Left in Redis:", *(f"\n  {key}" for key in left))
    print("\nVerdict:", "; ".join(dict.fromkeys(soak.faults)) or "nothing grows, nothing is left.")
    return 1 if soak.faults else 0


@contextmanager
def _stack(arguments: argparse.Namespace) -> Iterator[Soak]:
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as name:
        folder = Path(name)
        with EmbeddedRedis(data_dir=folder / "redis", address=RedisAddress(socket=folder / "redis.sock")) as redis:
            settings = Settings(
                redis_url=redis.url,
                data_dir=name,
                analyses=("samples",),
                open=True,
                result_ttl=arguments.result_ttl,
                tombstone_ttl=arguments.tombstone_ttl,
                recycle_after=arguments.recycle_after,
                log_level="warning",
            )
            store = Store(settings)
            with Worker(settings, folder) as worker:
                if not arguments.api:
                    yield Soak(store, {"worker": worker}, lambda: submitted(store).id)
                    return
                with Api(settings, folder) as api, httpx.Client(base_url=api.url) as client:
                    yield Soak(store, {"worker": worker, "api": api}, lambda: _posted(client))


def _posted(client: httpx.Client) -> str:
    answer = client.post("/analysis/double/run", json={"params": {"number": 1}})
    answer.raise_for_status()
    return str(answer.json()["id"])


def _row(sample: Sample) -> str:
    memory = "  ".join(f"{part} {amount:.0f}" for part, amount in sample.memory.items())
    return f"{sample.jobs:>7} {sample.at:>7.1f} {sample.pace:>7.0f}  {memory}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=1000, help=f"jobs between two samples, a multiple of {BATCH}")
    parser.add_argument("--api", action="store_true", help="submit by HTTP")
    parser.add_argument("--result-ttl", type=float, default=3.0, help="seconds")
    parser.add_argument("--tombstone-ttl", type=float, default=2.0, help="seconds")
    parser.add_argument("--recycle-after", type=int, default=Settings.recycle_after, help="jobs of a worker's process")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
