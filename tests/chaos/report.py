"""The report of a run: its table, and below it whatever is wrong."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from chaos.plan import Fault
from chaos.recovery import percentile
from chaos.run import Outcome

#: How many of each kind of fault found are shown.
SHOWN = 10


def report(outcome: Outcome, console: Console) -> None:
    """Prints the tables, then what is wrong."""
    console.print(_jobs(outcome))
    console.print(_faults(outcome))
    for line in _wrongs(outcome):
        console.print(line, style="red", highlight=False, soft_wrap=True)
    verdict = "passed" if outcome.is_passed else "FAILED"
    console.print(f"chaos, seed {outcome.plan.seed}: {verdict} in {outcome.took:.0f} s")


def _jobs(outcome: Outcome) -> Table:
    table = Table("jobs", "", title=f"Chaos, seed {outcome.plan.seed}", title_justify="left")
    table.columns[1].justify = "right"
    found = outcome.audit
    rows: list[tuple[str, int]] = [
        ("accepted (202)", outcome.accepted),
        ("submissions without an answer", outcome.answers["none"]),
        ("submissions answered 503", outcome.answers["503"]),
        ("created without a word to the client", found.unannounced),
        *sorted(found.endings.items(), reverse=True),
        ("lost", len(found.lost)),
        ("settled twice", len(found.twice)),
        ("stuck", len(found.stuck)),
        ("otherwise wrong", len(found.wrong)),
        ("keys and files left", len(outcome.left)),
        ("second claims refused", outcome.told.refused),
        ("late outcomes discarded", outcome.told.discarded),
    ]
    for name, count in rows:
        table.add_row(name, f"{count}")
    return table


def _faults(outcome: Outcome) -> Table:
    table = Table("fault", "dealt", "recoveries", "p50", "p95", "max", title="Seconds", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for fault in Fault:
        times = outcome.recovered.get(fault, [])
        table.add_row(fault, str(outcome.dealt[fault]), str(len(times)), *_figures(times))
    table.add_row("(any wait for a run)", "", str(len(outcome.waits)), *_figures(outcome.waits))
    return table


def _figures(times: Sequence[float]) -> Iterator[str]:
    for share in (0.5, 0.95, 1.0):
        yield f"{percentile(times, share):.2f}" if times else "-"


def _wrongs(outcome: Outcome) -> Iterator[str]:
    found = outcome.audit
    kinds = {"lost": found.lost, "twice": found.twice, "stuck": found.stuck, "wrong": found.wrong}
    for kind, things in {**kinds, "left": outcome.left, "alarm": outcome.told.alarms}.items():
        yield from (f"{kind}: {thing}" for thing in things[:SHOWN])
