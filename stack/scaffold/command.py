"""The verb `coatcheck new`; what it does is imported only when it runs, since every `coatcheck` command loads this."""

from pathlib import Path
from typing import Annotated

import typer

from stack.errors import StackError


def new(
    name: Annotated[str, typer.Argument(help="Name of the analysis, as it will stand in URLs: a-z, 0-9 and _.")],
    *,
    into: Annotated[
        Path | None, typer.Option(help="Folder of an existing package to add it to (a new package in this folder).")
    ] = None,
) -> None:
    """Write an analysis that runs at once, with its test, and say how to go on."""
    from stack.scaffold.plan import plan_files
    from stack.scaffold.steps import next_steps
    from stack.scaffold.taken import refuse_taken

    try:
        plan = plan_files(name, into=into)
        refuse_taken(plan)
        plan.write()
    except StackError as error:
        typer.echo(f"coatcheck new: {error}", err=True)
        raise typer.Exit(1) from None
    for line in next_steps(plan):
        typer.echo(line)
