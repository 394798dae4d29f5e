"""The verb ``coatcheck api``; what it needs is imported when it runs, so that ``coatcheck --help`` stays quick."""

import multiprocessing
import os
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from jobs.settings import Settings

#: The exit code of a start that the operator has to mend.
_MISUSE = 2


def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on (COATCHECK_HOST).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on, 0 for a free one (COATCHECK_PORT).")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=256, help="How many processes (COATCHECK_API_PROCESSES).")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="What brings jobs to workers: celery or rq; as for those (COATCHECK_ENGINE).")
    ] = None,
) -> None:
    """Run the HTTP API in the foreground, until it is told to stop."""
    from app.serving.access import tell_access
    from app.serving.listener import ListenError, listen
    from app.serving.server import Server
    from jobs.errors import SettingsError
    from jobs.logs import configure_logs
    from jobs.settings import load_settings
    from jobs.telemetry import check_telemetry

    if engine is not None:
        os.environ.pop("COATCHECK_ENGINE_FILE", None)
        os.environ["COATCHECK_ENGINE"] = engine
    try:
        settings = load_settings()
        settings = replace(
            settings,
            host=settings.host if host is None else host,
            port=settings.port if port is None else port,
            api_processes=settings.api_processes if processes is None else processes,
        )
        check_telemetry(settings)
        listener = listen(settings)
    except (SettingsError, ListenError) as error:
        _give_up(str(error))
    if fault := catalog_fault(settings):
        _give_up(fault)
    configure_logs(settings)
    tell_access(settings)
    Server(settings, listener).serve()


def catalog_fault(settings: "Settings") -> str:
    """Why the analyses can't be served, in one line; "" where they can.

    Looked at in a process of its own: gevent must patch a process before strangers' modules are imported there, and
    the parent of the serving processes stays small.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    look = context.Process(target=_look, args=(settings, theirs))
    look.start()
    theirs.close()
    try:
        found = str(ours.recv())
    except EOFError:
        look.join()
        found = f"the analyses can't be loaded: their import ended the process with code {look.exitcode}"
    look.join()
    return found


def _look(settings: "Settings", answer: "Connection[str, str]") -> None:
    from app.catalog import CatalogError, load_catalog

    try:
        load_catalog(settings.analyses)
    except CatalogError as error:
        answer.send(str(error))
    else:
        answer.send("")


def _give_up(reason: str) -> NoReturn:
    typer.echo(f"coatcheck api: {reason}", err=True)
    raise typer.Exit(_MISUSE)
