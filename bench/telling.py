"""What it costs a run to tell how far it is: calls of ``job.progress``, and scikit-learn's callbacks behind them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from submissions import submitted

from jobs.leases import Leases
from jobs.store import Store
from tasks import Job
from tasks.bridge import report_progress
from worker.handle import PACE, JobHandle

#: Calls in a row of which nearly all are held back, for the cost of one that is.
IN_A_ROW = 20_000

#: Calls that are written, for the cost of one that is.
WRITES = 200

#: A job that reports this often in a second of work.
REPORTS = 1000
SLICE = 1 / REPORTS

#: What a search tries, in five folds each: fits of some 10 ms, as a table of a few thousand rows has them.
GRID = {"logisticregression__C": [10.0**power for power in range(-3, 3)]}
ROWS = 4000


@dataclass(frozen=True, kw_only=True)
class ProgressCost:
    """What reporting took."""

    #: Processor seconds of a call that is held back, and seconds of one that is written: at most five a second.
    held_back: float
    written: float
    #: Share of a job's time that was spent in the calls, 0 to 1, as measured; others at work enlarge it.
    measured: float

    @property
    def share(self) -> float:
        """The share that the single calls add up to in a job that reports ``REPORTS`` times a second."""
        writes = 1 / PACE
        return (REPORTS - writes) * self.held_back + writes * self.written


@dataclass(frozen=True, kw_only=True)
class SearchCost:
    """Medians of one search's seconds on the wall and of the processor."""

    name: str
    wall: float
    cpu: float


@contextmanager
def handles(store: Store) -> Iterator[Callable[[], JobHandle]]:
    """Makes handles of a job that runs, as a worker's process has one, over the real store."""
    leases = Leases(store, worker="bench/1")
    claim = leases.claim(submitted(store, timeout=3600).id)
    yield lambda: JobHandle(leases, claim)
    store.cancel(claim.job.id)


def progress_cost(handle_of: Callable[[], JobHandle], *, rounds: int) -> ProgressCost:
    """Medians: of the single calls, and of a second's work with its reports."""
    return ProgressCost(
        held_back=median(_held_back(handle_of()) for _ in range(rounds)),
        # The first report of a handle is always written.
        written=median(_first_report(handle_of()) for _ in range(WRITES)),
        measured=median(_while_working(handle_of()) for _ in range(rounds)),
    )


def _held_back(job: Job) -> float:
    job.progress(0, "begun")
    began = time.thread_time()
    for number in range(IN_A_ROW):
        job.progress(number / IN_A_ROW, "in a row", scores={"accuracy": 0.9})
    return (time.thread_time() - began) / IN_A_ROW


def _first_report(job: Job) -> float:
    began = time.perf_counter()
    job.progress(0.5, "half", scores={"accuracy": 0.9})
    return time.perf_counter() - began


def _while_working(job: Job) -> float:
    inside, began = 0.0, time.perf_counter()
    for number in range(REPORTS):
        _work()
        before = time.perf_counter()
        job.progress(number / REPORTS, f"step {number}", scores={"accuracy": 0.9})
        inside += time.perf_counter() - before
    return inside / (time.perf_counter() - began)


def _work() -> None:
    ends = time.thread_time() + SLICE
    while time.thread_time() < ends:
        sum(range(100))


def search_costs(job: Job, *, rounds: int) -> list[SearchCost]:
    """A grid search that tells nothing, one that tells of its fits, and one that tells of all; in turns."""
    ways: dict[str, Callable[[GridSearchCV], GridSearchCV]] = {
        "no callbacks": lambda search: search,
        "report_progress, depth=0": lambda search: report_progress(job, search, depth=0),
        "report_progress": lambda search: report_progress(job, search),
    }
    features, target = make_classification(n_samples=ROWS, n_features=40, n_informative=20, random_state=0)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, told in ways.items():
            search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), GRID, cv=5)
            wall, cpu = time.perf_counter(), time.process_time()
            told(search).fit(features, target)
            # The first round warms up.
            taken[name] += [(time.perf_counter() - wall, time.process_time() - cpu)] if number else []
    return [
        SearchCost(name=name, wall=median(wall for wall, _ in all_), cpu=median(cpu for _, cpu in all_))
        for name, all_ in taken.items()
    ]
