"""The command `coatcheck`: its own verbs, and those that an installed service adds by entry points."""

import sys
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Annotated

import typer

from coatcheck.errors import CoatcheckError

#: The entry-point group by which packages add verbs: a function each, as typer reads it, or a typer app for a group.
GROUP = "coatcheck.commands"

#: The distributions that carry this package: the service with it, or it alone.
_DISTRIBUTIONS = ("coatcheck-service", "coatcheck")


def main() -> None:
    """Run the command; what is expected to go wrong gives one line on stderr and exit code 1, Ctrl-C exit code 130."""
    try:
        build_app()()
    except CoatcheckError as error:
        sys.exit(str(error))
    except ModuleNotFoundError as error:
        # The API, the workers and `up` are extras of the service, so that each can be installed without the others.
        sys.exit(
            f"coatcheck: {error.name} is not installed; `pip install 'coatcheck-service[api,worker,stack]'` brings it"
        )
    except KeyboardInterrupt:
        sys.exit(130)


def build_app() -> typer.Typer:
    """The command with every verb that is installed."""
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.callback(invoke_without_command=True)(coatcheck)
    for entry_point in entry_points(group=GROUP):
        _add(app, entry_point)
    app.command()(demo)
    return app


def coatcheck(
    context: typer.Context,
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Hand in the work, get a ticket, pick up the result."""
    if show_version:
        typer.echo(f"coatcheck {_version()}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def demo(
    *,
    url: Annotated[str, typer.Option(help="The server to use if one runs there.")] = "http://127.0.0.1:8000",
    api_key: Annotated[
        str | None, typer.Option(help="The key for that server; rather set COATCHECK_API_KEY, which others can't see.")
    ] = None,
) -> None:
    """Upload a table, train a model on it, and show every request; starts a server of its own if none runs."""
    from coatcheck.demonstration import demonstrate

    try:
        demonstrate(url, api_key=api_key)
    except CoatcheckError as error:
        typer.echo(f"The demo failed: {error}", err=True)
        raise typer.Exit(1) from None


def _add(app: typer.Typer, entry_point: EntryPoint) -> None:
    """Add a plug-in's verb; one that can't be loaded costs a line, and leaves the other verbs alone."""
    try:
        verb = entry_point.load()
    except Exception as error:  # noqa: BLE001 - somebody else's module may break in any way
        typer.echo(f"coatcheck {entry_point.name} can't be used: {entry_point.value}: {error}", err=True)
        return
    if isinstance(verb, typer.Typer):
        app.add_typer(verb, name=entry_point.name)
    else:
        app.command(entry_point.name)(verb)


def _version() -> str:
    for distribution in _DISTRIBUTIONS:
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return "(not installed)"
