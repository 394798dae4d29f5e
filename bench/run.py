"""The service beside Flask's documented Celery pattern and beside the bare limit of its server, in one run.

``make bench`` takes about 6 minutes, ``make bench BENCH=--quick`` about 3. All systems run at once, each with two
processes that answer and two that compute, on one Redis; only one is asked at a time, in turns. A figure is the median
of the rounds; the machine should have nothing else to do.
"""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles

import httpx
from load import LoadError, Throughput, check_wrk, poll, submit, walk
from running import Running, computing, running
from systems import BARE, COATCHECK, PEERS, SERVERS, Submission, System

from stack.address import usable_address
from stack.redis_server import EmbeddedRedis, RedisAddress


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long is measured."""

    rounds: int
    #: Seconds of each submit and poll in a round.
    seconds: float
    #: Seconds of each walk in a round.
    walking: float


#: Clients that walk at once where it is more than one.
CROWD = 8

FULL = Effort(rounds=5, seconds=3, walking=4)
QUICK = Effort(rounds=3, seconds=2, walking=2)


@dataclass
class Bench:
    """What was measured of one system."""

    running: Running
    submits: list[Throughput] = field(default_factory=list)
    polls: list[Throughput] = field(default_factory=list)
    #: Milliseconds of walks by round: of one client that polls, of several, and of one that does what is best here.
    walks: list[list[float]] = field(default_factory=list)
    crowds: list[list[float]] = field(default_factory=list)
    best: list[list[float]] = field(default_factory=list)
    #: Milliseconds of processor time that the answering processes took for a request, by round.
    submit_cpu: list[float] = field(default_factory=list)
    poll_cpu: list[float] = field(default_factory=list)

    @property
    def submission(self) -> Submission:
        """What is sent to it."""
        return self.running.system.submission

    def warm_up(self) -> None:
        """Lets it import and connect what it does with its first requests."""
        submit(self.running.url, self.submission, seconds=1)
        self.running.redis.flushdb()

    def measure_requests(self, seconds: float) -> None:
        """One round of submitting and polling, with nobody who computes."""
        began = self.running.cpu()
        self.submits.append(submit(self.running.url, self.submission, seconds=seconds))
        self.submit_cpu.append((self.running.cpu() - began) / self.submits[-1].answers)
        self.running.redis.flushdb()
        path = self._pending()
        began = self.running.cpu()
        self.polls.append(poll(self.running.url, path, seconds=seconds))
        self.poll_cpu.append((self.running.cpu() - began) / self.polls[-1].answers)
        self.running.redis.flushdb()

    def measure_walk(self, seconds: float) -> None:
        """One round of walks, POST → result."""
        url, sent = self.running.url, self.submission
        self.walks.append(walk(url, sent, seconds=seconds))
        self.crowds.append(walk(url, sent, seconds=seconds, clients=CROWD))
        waited = walk(url, sent, seconds=seconds, prefer=sent.prefer) if sent.prefer else self.walks[-1]
        self.best.append(waited)

    def result(self) -> dict[str, float]:
        """The medians over the rounds; rates in requests a second, times in milliseconds."""
        figures = {
            "submit": median(each.rate for each in self.submits),
            "submit p99": median(each.p99 for each in self.submits),
            "submit CPU": median(self.submit_cpu),
            "poll": median(each.rate for each in self.polls),
            "poll p99": median(each.p99 for each in self.polls),
            "poll CPU": median(self.poll_cpu),
        }
        if self.walks:
            figures["walk p50"] = median(median(taken) for taken in self.walks)
            figures["walk p99"] = median(quantiles(taken, n=100)[98] for taken in self.walks)
            figures[f"{CROWD} walks p50"] = median(median(taken) for taken in self.crowds)
            figures["best p50"] = median(median(taken) for taken in self.best)
        return figures

    def _pending(self) -> str:
        """The path at which a job is polled that nobody runs."""
        sent, url = self.submission, self.running.url
        answer = httpx.post(f"{url}{sent.path}", content=sent.body, headers={"Content-Type": sent.kind}, timeout=10)
        answer.raise_for_status()
        path = sent.result % answer.json()["result_id"] if sent.result else httpx.URL(answer.headers["Location"]).path
        polled = httpx.get(f"{url}{path}", timeout=10)
        if polled.status_code != 202 and polled.json().get("ready") is not False:
            raise LoadError(f"{self.running.system.name}: a pending job was answered with {polled.status_code}")
        return path


def main() -> int:
    """Measures, prints the table, and returns 2 where it can't be measured."""
    arguments = _arguments()
    effort = QUICK if arguments.quick else FULL
    systems = (COATCHECK, *PEERS, *BARE) + (SERVERS if arguments.servers else ())
    try:
        check_wrk()
        results = _measured(systems, effort)
    except LoadError as fault:
        print(f"bench: {fault}", file=sys.stderr)
        return 2
    print(_table(results))
    if arguments.json:
        arguments.json.write_text(json.dumps({"effort": asdict(effort), "results": results}, indent=2) + "\n")
    return 0


def _measured(systems: tuple[System, ...], effort: Effort) -> dict[str, dict[str, float]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coatcheck-bench-")))
        address = RedisAddress(port=usable_address("127.0.0.1", 0).port)
        stack.enter_context(EmbeddedRedis(data_dir=folder / "redis", address=address))
        benches = []
        for number, system in enumerate(systems):
            # A database each: what one system leaves behind is no other's.
            url = f"redis://127.0.0.1:{address.port}/{number}"
            benches.append(Bench(stack.enter_context(running(system, url, folder / str(number)))))
            benches[-1].warm_up()
        for round_ in range(effort.rounds):
            _say(f"round {round_ + 1} of {effort.rounds}: submit and poll")
            for bench in _turned(benches, round_):
                bench.measure_requests(effort.seconds)
        _measure_walks([bench for bench in benches if bench.running.system.worker], effort, stack)
        return {bench.running.system.name: bench.result() for bench in benches}


def _measure_walks(benches: list[Bench], effort: Effort, stack: ExitStack) -> None:
    for bench in benches:
        stack.enter_context(computing(bench.running))
        bench.running.wait_until(lambda one=bench: bool(walk(one.running.url, one.submission, seconds=2)))  # type: ignore[misc]
    for round_ in range(effort.rounds):
        _say(f"round {round_ + 1} of {effort.rounds}: POST to result")
        for bench in _turned(benches, round_):
            bench.measure_walk(effort.walking)


def _turned(benches: list[Bench], round_: int) -> list[Bench]:
    """Each round begins with another, so that nobody is always first."""
    first = round_ % len(benches)
    return benches[first:] + benches[:first]


def _table(results: dict[str, dict[str, float]]) -> str:
    """The medians, and in brackets how many times the service's own figure is as large."""
    ours = results[COATCHECK.name]
    rows = [f"{'':<39}" + "".join(f"{column:>16}" for column in ours)]
    for name, figures in results.items():
        cells = [
            f"{_short(figures[column])} ({ours[column] / figures[column]:.2f})" if column in figures else ""
            for column in ours
        ]
        rows.append(f"{name:<39}" + "".join(f"{cell:>16}" for cell in cells))
    rows.append("submit, poll: requests a second; p50, p99: milliseconds; CPU: milliseconds of the API for a request.")
    rows.append(
        f"walk: POST to result, polling without delay, by 1 and by {CROWD} clients; best: by Prefer: wait if there is."
    )
    rows.append("In brackets: coatcheck's figure divided by this one.")
    return "\n".join(rows)


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about 3 minutes")
    parser.add_argument("--servers", action="store_true", help="also run the service under other servers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
