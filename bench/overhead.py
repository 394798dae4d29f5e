"""What the service adds to an analysis: POST to result beside the bare call, and the cost of telling how far it is.

``make overhead`` takes about 4 minutes, ``make overhead OVERHEAD=--quick`` 1. One Redis, API and worker run beside a
process that calls the same analysis; one is asked at a time, in turns, and a figure is the median of the rounds. The
machine should have nothing else to do; where it has, processor times still tell.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import httpx
from processes import Api, Worker
from telling import ProgressCost, SearchCost, handles, progress_cost, search_costs
from ways import Bare, Service, bare_process, fitting_table, made_table

from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress
from worker.native_threads import limit_before_import, limit_loaded, share_of_cores

#: Processes of the worker and of the API.
PROCESSES = 2


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How often each is measured."""

    #: Rounds by about how many seconds the bare call takes.
    rounds: dict[float, int]
    #: Rounds of what tells how far it is.
    telling: int


FULL = Effort(rounds={1.0: 9, 10.0: 3}, telling=9)
QUICK = Effort(rounds={1.0: 5}, telling=5)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Medians of one size of a job, seconds."""

    rows: int
    #: Of the bare call.
    bare: float
    bare_cpu: float
    #: Of the run in the worker, as the job's metrics say.
    run: float
    run_cpu: float
    #: From the POST to the result, by the manner of the client.
    wait: float
    poll_often: float
    poll_as_told: float


def main() -> int:
    """Measures and prints."""
    arguments = _arguments()
    effort = QUICK if arguments.quick else FULL
    limit_before_import(share_of_cores(PROCESSES))
    limit_loaded()
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory(prefix="coatcheck-bench-") as name:
        folder = Path(name)
        with EmbeddedRedis(data_dir=folder / "redis", address=RedisAddress(socket=folder / "redis.sock")) as redis:
            settings = Settings(redis_url=redis.url, data_dir=name, open=True, log_level="warning")
            with _service(settings, folder) as service, bare_process() as bare:
                compared = [_compared(service, bare, folder, *each) for each in effort.rounds.items()]
            print(_job_table(compared), flush=True)
            with handles(Store(settings)) as handle_of:
                progress = progress_cost(handle_of, rounds=effort.telling)
                searches = search_costs(handle_of(), rounds=effort.telling)
            print(_telling_table(progress, searches))
    print(f"load average at the end: {os.getloadavg()[0]:.1f}")
    if arguments.json:
        found = {"jobs": compared, "progress": [progress], "searches": searches}
        written = {name: [asdict(each) for each in values] for name, values in found.items()}
        arguments.json.write_text(json.dumps(written, indent=2) + "\n")
    return 0


@contextmanager
def _service(settings: Settings, folder: Path) -> Iterator[Service]:
    with (
        Worker(settings, folder, concurrency=PROCESSES),
        Api(settings, folder, processes=PROCESSES) as api,
        httpx.Client(base_url=api.url, timeout=60) as client,
    ):
        yield Service(client)


def _compared(service: Service, bare: Bare, folder: Path, seconds: float, rounds: int) -> Comparison:
    print(f"a job of about {seconds:g} s", file=sys.stderr, flush=True)
    _warm_up(service, bare, made_table(folder, 200))
    table = fitting_table(bare, folder, seconds=seconds)
    ways = (service.wait, service.poll_often, service.poll_as_told)
    calls, walks = [], []
    for _ in range(rounds):
        calls.append(bare.call(table))
        walks.append([way(table) for way in ways])
    wait, poll_often, poll_as_told = (median(taken) for taken in zip(*walks, strict=True))
    return Comparison(
        rows=int(table.stem),
        bare=median(call.wall for call in calls),
        bare_cpu=median(call.cpu for call in calls),
        run=median(run.wall for run in service.runs),
        run_cpu=median(run.cpu for run in service.runs),
        wait=wait,
        poll_often=poll_often,
        poll_as_told=poll_as_told,
    )


def _warm_up(service: Service, bare: Bare, table: Path) -> None:
    """Each process imports and connects what it does with its first call."""
    bare.call(table)
    for _ in range(2 * PROCESSES):
        service.wait(table)
    service.runs.clear()


def _job_table(compared: list[Comparison]) -> str:
    names = ("bare call", "run in worker", "bare, CPU", "run, CPU", "Prefer: wait", "poll, 0.1 s", "poll as told")
    lines = ["", f"{'rows':>7}" + "".join(f"{name:>24}" for name in names)]
    for each in compared:
        on_the_wall = [each.bare, each.run]
        cpu = [each.bare_cpu, each.run_cpu]
        walks = [each.wait, each.poll_often, each.poll_as_told]
        cells = [_cell(value, each.bare) for value in on_the_wall] + [_cell(value, each.bare_cpu) for value in cpu]
        cells += [_cell(value, each.bare) for value in walks]
        lines.append(f"{each.rows:>7}" + "".join(f"{cell:>24}" for cell in cells))
    lines.append("Seconds; in brackets what is above the bare call, milliseconds, and the ratio.")
    return "\n".join(lines)


def _cell(value: float, bare: float) -> str:
    return f"{value:.3f} ({1000 * (value - bare):+.0f}, {value / bare:.3f})"


def _telling_table(progress: ProgressCost, searches: list[SearchCost]) -> str:
    lines = [
        "",
        f"job.progress, a call: {1e9 * progress.held_back:,.0f} ns held back, {1e3 * progress.written:.2f} ms written",
        f"1000 of them in a second of work: {progress.share:.2%} of it by these, {progress.measured:.2%} measured",
        "",
        f"{'grid search of 30 fits':<28}{'seconds':>16}{'CPU':>16}",
    ]
    plain = searches[0]
    for each in searches:
        wall, cpu = (f"{ours:.3f} ({ours / of:.3f})" for ours, of in ((each.wall, plain.wall), (each.cpu, plain.cpu)))
        lines.append(f"{each.name:<28}{wall:>16}{cpu:>16}")
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1 minute, without the job of 10 s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
