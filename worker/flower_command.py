"""The verb ``coatcheck flower``; light, since the command imports it at every start."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jobs.settings import Settings


def flower(
    host: Annotated[str | None, typer.Option(help="Address to listen on (COATCHECK_FLOWER_HOST).")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on (COATCHECK_FLOWER_PORT).")
    ] = None,
) -> None:
    """Run Flower, the dashboard of Celery's workers, until stopped."""
    from dataclasses import replace

    from jobs.errors import SettingsError
    from jobs.logs import configure_logs
    from jobs.settings import load_settings

    try:
        settings = load_settings()
    except SettingsError as error:
        raise _refused(str(error)) from None
    settings = replace(
        settings,
        flower_host=settings.flower_host if host is None else host,
        flower_port=settings.flower_port if port is None else port,
    )
    if fault := fault_of(settings):
        raise _refused(fault)
    configure_logs(settings)

    from worker.flower_role import serve_flower

    try:
        sys.exit(serve_flower(settings))
    except OSError as error:
        raise _refused(f"it can't be served at {settings.flower_host}:{settings.flower_port}: {error}") from None


def fault_of(settings: "Settings") -> str:
    """Why Flower can't be run with these settings, in one line; "" where it can."""
    from importlib.util import find_spec

    from jobs.loopback import is_loopback

    if find_spec("flower") is None:
        return "it is not installed; pip install 'coatcheck-service[flower]'"
    if settings.engine != "celery":
        return f"it shows Celery, and the engine is {settings.engine}, which has a dashboard at /rq of the API"
    if not is_loopback(settings.flower_host) and not settings.flower_behind_proxy:
        return (
            f"it asks nobody who they are, and others than this machine reach {settings.flower_host}; "
            "COATCHECK_FLOWER_BEHIND_PROXY=true says that a proxy lets in only who may see it"
        )
    return ""


def _refused(reason: str) -> typer.Exit:
    typer.echo(f"coatcheck flower: {reason}", err=True)
    return typer.Exit(2)
