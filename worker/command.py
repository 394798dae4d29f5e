"""The verb ``coatcheck worker``; light, since the command imports it at every start."""

import os
import sys
from typing import Annotated

import typer


def worker(
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, max=256, help="Jobs at once. [default: COATCHECK_CONCURRENCY, or COATCHECK_INTERNAL_CONCURRENCY]"
        ),
    ] = None,
    internal: Annotated[
        bool, typer.Option("--internal", help="Run internal jobs, such as webhooks to deliver, instead of analyses.")
    ] = False,
    engine: Annotated[
        str | None, typer.Option(help="What brings the jobs: celery or rq; as for the API (COATCHECK_ENGINE).")
    ] = None,
) -> None:
    """Run jobs until stopped."""
    from dataclasses import replace

    from jobs.errors import SettingsError
    from jobs.logs import configure_logs
    from jobs.settings import load_settings
    from jobs.telemetry import check_telemetry

    if engine is not None:
        os.environ.pop("COATCHECK_ENGINE_FILE", None)
        os.environ["COATCHECK_ENGINE"] = engine
    try:
        settings = load_settings()
        check_telemetry(settings)
    except SettingsError as error:
        raise _refused(error) from None
    if concurrency is not None:
        settings = replace(settings, concurrency=concurrency, internal_concurrency=concurrency)
    configure_logs(settings)

    from worker.native_threads import limit_before_import, share_of_cores

    limit_before_import(share_of_cores(settings.internal_concurrency if internal else settings.concurrency))
    # From here on numpy and its kin are imported; they read their limits once.
    from tasks import CatalogError
    from worker.serve import serve, serve_internal

    try:
        sys.exit(serve_internal(settings) if internal else serve(settings))
    except CatalogError as error:
        raise _refused(error) from None


def _refused(error: Exception) -> typer.Exit:
    typer.echo(f"coatcheck worker: {error}", err=True)
    return typer.Exit(2)
