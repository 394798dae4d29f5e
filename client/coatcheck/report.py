"""What the demonstration prints: the walk, the metrics, and progress with or without a terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from coatcheck.walk import Exchange, Job

#: How many percent lie between two lines of progress where there is no terminal.
_STEP = 10


def walk_lines(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """The requests and answers as they happened; polls that were answered alike are one line."""
    asked = ""
    for _, alike in groupby(exchanges, key=lambda one: (one.method, one.path, one.status, one.location)):
        same = list(alike)
        first = same[0]
        request = f"{first.method} {first.path}"
        if request != asked:
            yield request
            asked = request
        yield f"  {_answer(first, times=len(same))}"


def metrics_table(result: Mapping[str, object]) -> Table:
    """The cross-validated metrics beside those of a model that ignores the features."""
    table = Table(title="The metrics", title_justify="left", show_edge=False)
    table.add_column("metric")
    for head in ("mean", "std", "baseline"):
        table.add_column(head, justify="right")
    metrics, baseline = _mapping(result.get("metrics")), _mapping(result.get("baseline"))
    for name, value in metrics.items():
        table.add_row(name, _number(value, "mean"), _number(value, "std"), _number(baseline.get(name), "mean"))
    return table


@contextmanager
def progress_shown(console: Console) -> Iterator[Callable[[Job], None]]:
    """Give a function that shows each state of a job: a live bar on a terminal, a line now and then elsewhere."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        yield _Bar(progress)


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar = progress.add_task("queued", total=100)

    def __call__(self, job: Job) -> None:
        done = 100.0 if job.status == "succeeded" else job.progress
        self._progress.update(self._bar, description=_words(job), completed=done)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: tuple[str, int] | None = None

    def __call__(self, job: Job) -> None:
        percent = job.progress or 0.0
        step = (job.status, int(percent // _STEP))
        if step != self._shown:
            self._shown = step
            self._console.print(f"  {percent:3.0f} % {_words(job)}")


def _answer(exchange: Exchange, *, times: int) -> str:
    parts = [f"{exchange.status} × {times}" if times > 1 else f"{exchange.status}"]  # noqa: RUF001 - times, not x
    if exchange.location:
        parts.append(f"Location: {urlsplit(exchange.location).path}")
    if exchange.retry_after:
        parts.append(f"Retry-After: {exchange.retry_after}")
    return "  ".join(parts)


def _words(job: Job) -> str:
    return f"{job.status}: {job.stage}" if job.stage and not job.is_final else job.status


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object, part: str) -> str:
    """A metric's ``part``; a metric that is a bare number is its own mean."""
    number = value.get(part) if isinstance(value, Mapping) else (value if part == "mean" else None)
    return f"{number:.4f}" if isinstance(number, int | float) else "-"
