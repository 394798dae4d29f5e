"""The verb `coatcheck up`; what it runs is imported only when it runs, since every `coatcheck` command loads this."""

import os
from dataclasses import replace
from typing import Annotated

import typer

from stack.errors import StackError


def up(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (8000); 0 picks a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Jobs at once (2).")] = None,
    data_dir: Annotated[str | None, typer.Option(help="Folder that everything is kept in (.coatcheck).")] = None,
    engine: Annotated[str | None, typer.Option(help="What brings jobs to workers: celery or rq (celery).")] = None,
    redis_url: Annotated[str | None, typer.Option(help="A Redis to use instead of a private embedded one.")] = None,
    flower: Annotated[
        bool, typer.Option("--flower", help="Run Flower, Celery's dashboard, too; workers then tell it what they do.")
    ] = False,
) -> None:
    """Run everything on this machine: Redis, the API and a worker. Ctrl-C stops it; queued jobs are kept."""
    from jobs.errors import SettingsError
    from jobs.settings import is_given, load_settings
    from stack.machine import serve
    from stack.meant import open_for_up

    _set(HOST=host, PORT=port, CONCURRENCY=workers, DATA_DIR=data_dir, ENGINE=engine, REDIS_URL=redis_url)
    if flower:
        _set(EVENTS="true")
    try:
        settings = load_settings()
        url = settings.redis_url if is_given("redis_url") else None
        serve(replace(settings, open=open_for_up(settings)), redis_url=url, with_flower=flower)
    except (StackError, SettingsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _set(**options: str | int | None) -> None:
    """An option is its setting's variable, for this process and for those it starts."""
    given = {f"COATCHECK_{name}": str(value) for name, value in options.items() if value is not None}
    for name in given:
        os.environ.pop(f"{name}_FILE", None)
    os.environ.update(given)
