"""The table of a job: its data as they were sent with it, or as they lie in a data set."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from jobs.blobs import Blobs
from jobs.errors import BlobMissing
from jobs.input import Input
from tasks.data.source import Kind, Source

if TYPE_CHECKING:
    from tasks.data.reading import Reading


def read_table(given: Input, blobs: Blobs) -> "Reading":
    """The data of the job as a table, and what was assumed to read it.

    Raises:
        AnalysisError: they can't be read as a table.
        StorageError: the blob store can't be read.

    """
    # What reads tables is imported late: internal workers are lighter without it.
    from tasks.data.frame import read_source

    with source_of(given, blobs) as source:
        return read_source(source)


@contextmanager
def source_of(given: Input, blobs: Blobs) -> Iterator[Source]:
    """The data of the job, at hand for as long as the block lasts."""
    described = given.source or {}
    kind, name, media_type = cast("Kind", described["kind"]), described["name"], described.get("media_type") or ""
    if kind != "dataset":
        yield Source(kind=kind, name=name, payload=None if kind == "builtin" else given.payload, media_type=media_type)
        return
    blob = described["blob"]
    if blob is None:
        raise BlobMissing("The job's data set has no file.")
    with blobs.local(blob) as path:
        yield Source(kind="file", path=path, media_type=media_type)
