"""The queue engines side by side: what Celery and RQ cost a job, in one run on one machine, by turns.

Run it as ``PYTHONPATH=tests:tests/integration:tests/acceptance python bench/engines.py``. The jobs do nothing, so what
is measured is the way from the store through the engine into a process and back; the worker has the built-in analyses.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import psutil
from processes import Worker
from submissions import submitted
from waiting import eventually

from jobs.job import FINAL, Job
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress

#: The engines that take turns.
ENGINES = ("celery", "rq")

#: Processes that run jobs.
CONCURRENCY = 2

#: How long a round may take, seconds.
PATIENCE = 300.0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one engine did in one round."""

    #: No-op jobs a second while the queue is full.
    jobs_a_second: float
    #: Milliseconds from submission to the start of the run, and to its end, with nothing else to do; medians.
    started_after: float
    ended_after: float
    #: Processor time of the worker and all its processes for each job, milliseconds.
    cpu: float
    #: Memory of the idle worker with all its processes, MB; what they share counts once.
    memory: float


def main() -> None:
    """Prints the medians of all rounds."""
    arguments = _arguments()
    rounds: dict[str, list[Figures]] = {engine: [] for engine in ENGINES}
    with _redis() as server:
        for turn in range(arguments.rounds):
            for engine in ENGINES if turn % 2 == 0 else reversed(ENGINES):
                rounds[engine].append(_measured(engine, server, jobs=arguments.jobs, walks=arguments.walks))
                print(f"round {turn + 1}, {engine}: {_line(rounds[engine][-1])}", flush=True)
    for engine, figures in rounds.items():
        print(f"median of {len(figures)}, {engine}: {_line(_median(figures))}")


@contextmanager
def _redis() -> Iterator[EmbeddedRedis]:
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as folder:
        address = RedisAddress(socket=Path(folder, "redis.sock"))
        with EmbeddedRedis(data_dir=Path(folder), address=address) as server:
            yield server


def _measured(engine: str, server: EmbeddedRedis, *, jobs: int, walks: int) -> Figures:
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as folder:
        settings = Settings(
            redis_url=server.url,
            engine=engine,
            namespace=f"bench-{uuid4().hex[:8]}",
            data_dir=folder,
            analyses=("tasks", "samples"),
            redis_timeout=5,
            log_level="warning",
        )
        store = Store(settings)
        with Worker(settings, Path(folder), concurrency=CONCURRENCY) as worker:
            return _figures(store, psutil.Process(worker.running.pid), jobs=jobs, walks=walks)


def _figures(store: Store, worker: psutil.Process, *, jobs: int, walks: int) -> Figures:
    alone = [_ended(store, [submitted(store).id])[0] for _ in range(walks)]
    memory = sum(process.memory_full_info().pss for process in _idle_tree(worker))
    cpu = _cpu(worker)
    crowd = _ended(store, [submitted(store).id for _ in range(jobs)])
    ends = [job.finished or 0 for job in crowd]
    seconds = (max(ends) - min(job.started or 0 for job in crowd)) / 1000
    return Figures(
        jobs_a_second=len(crowd) / seconds,
        started_after=statistics.median((job.started or 0) - job.created for job in alone),
        ended_after=statistics.median((job.finished or 0) - job.created for job in alone),
        cpu=(_cpu(worker) - cpu) / jobs * 1000,
        memory=memory / 1e6,
    )


def _ended(store: Store, ids: Sequence[str]) -> list[Job]:
    """The jobs once the last one has ended, and with it nearly all others; Redis is asked as seldom as can be."""
    for job_id in reversed(ids):
        eventually(lambda job_id=job_id: store.find(job_id).status in FINAL, within=PATIENCE)  # type: ignore[misc]
    return [store.find(job_id) for job_id in ids]


def _idle_tree(worker: psutil.Process) -> list[psutil.Process]:
    """The worker's processes when the last job's own has ended, where it has one."""
    eventually(lambda: len(worker.children(recursive=True)) == CONCURRENCY, saying="The worker did not get idle")
    return [worker, *worker.children(recursive=True)]


def _cpu(worker: psutil.Process) -> float:
    """Seconds; a process that has ended is counted with the one that waited for it."""
    return sum(sum(process.cpu_times()[:4]) for process in _idle_tree(worker))


def _median(figures: Sequence[Figures]) -> Figures:
    return Figures(**{name: statistics.median(getattr(each, name) for each in figures) for name in asdict(figures[0])})


def _line(figures: Figures) -> str:
    return (
        f"{figures.jobs_a_second:.0f} jobs/s, started after {figures.started_after:.0f} ms, "
        f"ended after {figures.ended_after:.0f} ms, {figures.cpu:.1f} ms CPU a job, "
        f"{figures.memory:.0f} MB"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=300, help="jobs of a full queue")
    parser.add_argument("--walks", type=int, default=30, help="jobs that come one by one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
