"""The verbs `coatcheck backup` and `coatcheck restore`; what they do is imported only when they run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer


def backup(
    folder: Annotated[Path, typer.Argument(help="A fresh folder.")],
    *,
    data_dir: Annotated[str | None, typer.Option(help="Data dir of the running `coatcheck up` that is meant.")] = None,
    without_files: Annotated[
        bool, typer.Option("--without-files", help="Leave out the blob store, where that is saved by itself.")
    ] = False,
) -> None:
    """Save a running service into a folder: what Redis holds at one moment, then the files; jobs go on meanwhile."""
    with _told("backup"):
        from stack.backup.saving import save
        from stack.meant import meant_settings

        manifest = save(meant_settings(data_dir), folder, with_files=not without_files)
    files = "without its files" if manifest.files is None else f"with {manifest.files} files"
    typer.echo(f"Saved {manifest.namespace} as of {manifest.taken}, {files}, into {folder}.")


def restore(
    folder: Annotated[Path, typer.Argument(help="What `coatcheck backup` has written.")],
    *,
    data_dir: Annotated[
        str | None, typer.Option(help="Data dir that `coatcheck up` will run on, instead of the Redis of the settings.")
    ] = None,
) -> None:
    """Bring a backup back into a service that is empty and does not run."""
    with _told("restore"):
        from dataclasses import replace

        from jobs.settings import is_given, load_settings
        from stack.backup.restoring import restore as bring_back

        settings = load_settings()
        if data_dir is not None:
            settings = replace(settings, data_dir=str(Path(data_dir).absolute()))
        embedded = data_dir is not None or not is_given("redis_url")
        back = bring_back(settings, folder, into_data_dir=embedded)
    of = f"{back.manifest.namespace} as of {back.manifest.taken}"
    typer.echo(f"Restored {of}: {back.keys} keys, {back.files} files.")


@contextmanager
def _told(verb: str) -> Iterator[None]:
    """What goes wrong is one line and exit code 1."""
    from jobs.errors import JobsError
    from stack.errors import StackError

    try:
        yield
    except (StackError, JobsError, OSError) as error:
        typer.echo(f"coatcheck {verb}: {error}", err=True)
        raise typer.Exit(1) from None
