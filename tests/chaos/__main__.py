"""The command ``python -m chaos``: one run, its report, and an exit code that is not 0 when anything is wrong."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chaos.plan import Plan, make_plan
from chaos.report import report
from chaos.run import Conditions, Outcome, run

#: The exit code of a run that was stopped by hand.
_STOPPED = 130


def chaos(
    seed: Annotated[int, typer.Option(help="The same seed gives the same plan.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Jobs to submit.")] = 2000,
    rate: Annotated[float, typer.Option(min=0.1, help="Jobs a second.")] = 9,
    pause: Annotated[float, typer.Option(min=0.1, help="Seconds from one fault to the next.")] = 2,
    workers: Annotated[int, typer.Option(min=1, help="Workers, each with two processes.")] = 3,
    engine: Annotated[str, typer.Option(help="The queue engine: celery or rq.")] = "celery",
    keep: Annotated[Path | None, typer.Option(help="A folder to copy logs and ledger to.")] = None,
) -> None:
    """Break a real stack under load, and prove that no job was lost, stuck or settled twice."""
    plan = make_plan(seed, jobs=jobs, rate=rate, pause=pause)
    conditions = Conditions(engine=engine, workers=workers, result_ttl=20, tombstone_ttl=10, patience=60, keep=keep)
    try:
        outcome = asyncio.run(_until_stopped(plan, conditions))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(_STOPPED) from None
    report(outcome, Console())
    raise typer.Exit(0 if outcome.is_passed else 1)


async def _until_stopped(plan: Plan, conditions: Conditions) -> Outcome:
    """The run; a SIGTERM ends it as Ctrl-C does, and what was started is ended first."""
    running = asyncio.current_task()
    assert running is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await run(plan, conditions)


if __name__ == "__main__":
    typer.run(chaos)
