"""The ways to have an analysis computed: called in a process, or handed in to the service and picked up."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import IO

import httpx
from sklearn.datasets import make_classification

#: What is computed: a random forest in three folds, and one of all rows at the end.
ANALYSIS = "train"
PARAMS = {"target": "target", "folds": 3, "importance": False, "partial_dependence": False}

#: Longest that the service lets a client wait for an answer, seconds.
LONGEST_WAIT = 30

#: Pause of a client that polls more often than it was told to, seconds.
OFTEN = 0.1

#: How long all of one job may take, seconds.
PATIENCE = 600.0


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one call took."""

    #: Seconds until the result was there.
    wall: float
    #: Processor seconds of the call.
    cpu: float


@dataclass
class Bare:
    """A process that calls the analysis."""

    asks: IO[str]
    answers: IO[str]

    def call(self, table: Path) -> Taken:
        """Calls it once."""
        asked = json.dumps({"analysis": ANALYSIS, "params": PARAMS, "table": str(table)})
        self.asks.write(asked + "\n")
        self.asks.flush()
        return Taken(**json.loads(self.line()))

    def line(self) -> str:
        """What it says next."""
        line = self.answers.readline()
        if not line:
            raise RuntimeError("the process of the bare call has ended")
        return line


@contextmanager
def bare_process() -> Iterator[Bare]:
    """A fresh process that has imported what a worker has, from when it is ready."""
    command = [sys.executable, str(Path(__file__).with_name("bare_call.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("a process was started without pipes")
            bare = Bare(process.stdin, process.stdout)
            bare.line()
            yield bare
        finally:
            process.terminate()


@dataclass
class Service:
    """A client of the service."""

    api: httpx.Client
    #: What the worker says that each run took, in the order of the runs.
    runs: list[Taken] = field(default_factory=list)

    def wait(self, table: Path) -> float:
        """Seconds from the POST to the result for a client that asks to wait."""
        return self._walk(table, headers={"Prefer": f"wait={LONGEST_WAIT}"}, pause=lambda _: 0.0)

    def poll_often(self, table: Path) -> float:
        """The same for a client that asks each tenth of a second."""
        return self._walk(table, headers={}, pause=lambda _: OFTEN)

    def poll_as_told(self, table: Path) -> float:
        """The same for a client that comes back when ``Retry-After`` says."""
        return self._walk(table, headers={}, pause=lambda answer: float(answer.headers["Retry-After"]))

    def _walk(self, table: Path, *, headers: dict[str, str], pause: Callable[[httpx.Response], float]) -> float:
        content = table.read_bytes()
        began = time.perf_counter()
        form = {"data": (table.name, content, "text/csv")}
        path, params = f"/analysis/{ANALYSIS}/run", {"params": json.dumps(PARAMS)}
        answer = self.api.post(path, files=form, data=params, headers=headers)
        document = answer.json()
        while answer.status_code == httpx.codes.ACCEPTED and time.perf_counter() - began < PATIENCE:
            time.sleep(pause(answer))
            answer = self.api.get(answer.headers["Location"], headers=headers)
        self.api.get(answer.headers["Location"]).raise_for_status()
        taken = time.perf_counter() - began
        metrics = self.api.get(document["links"]["self"]).json()["metrics"]
        self.runs.append(Taken(wall=metrics["wall"], cpu=metrics["cpu"]))
        return taken


def fitting_table(bare: Bare, folder: Path, *, seconds: float) -> Path:
    """A made table for which the bare call takes about that long; by its processor time, for others may be at work."""
    few, many = 500, 2000
    less, more = (median(bare.call(made_table(folder, rows)).cpu for _ in range(3)) for rows in (few, many))
    a_row = (more - less) / (many - few)
    return made_table(folder, max(100, round(few + (seconds - less) / a_row)))


def made_table(folder: Path, rows: int) -> Path:
    """Made data: twenty numbers that tell of two classes."""
    # Imported late, after the processes that are measured have started.
    from pandas import DataFrame

    features, target = make_classification(n_samples=rows, n_features=20, n_informative=10, random_state=0)
    frame = DataFrame(features.round(4), columns=[f"x{number}" for number in range(20)]).assign(target=target)
    path = folder / f"{rows}.csv"
    frame.to_csv(path, index=False)
    return path
