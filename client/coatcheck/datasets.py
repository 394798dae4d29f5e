"""Data sets: tables that are uploaded once and used by many jobs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

import httpx

from coatcheck.answers import document_of
from coatcheck.connection import Connection, preferring
from coatcheck.errors import UnexpectedAnswer

#: What a file is sent as whose format the server is to tell.
_ANY = "application/octet-stream"


class Frame(Protocol):
    """A table in memory, such as a pandas DataFrame."""

    def to_parquet(self, path: BinaryIO, *, index: bool) -> object:
        """Write it as Parquet."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A data set as the server described it at one moment; ``submit`` takes it as ``data``."""

    #: Its id, a UUIDv7.
    id: str
    #: What it is called.
    name: str
    #: ``pending`` (nobody has looked into it yet), ``ready`` or ``invalid``.
    state: str
    #: How large it is, bytes.
    size: int
    #: How many rows it has; ``None`` until somebody has looked.
    rows: int | None
    #: Everything the server said.
    document: Mapping[str, object]


class Datasets:
    """The data sets of a server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def upload(
        self,
        source: str | Path | BinaryIO | Frame,
        *,
        name: str = "",
        expires_in: float | None = None,
        wait: int = 0,
    ) -> Dataset:
        """Send a file (CSV, Parquet, JSON lines, Arrow; by its path or opened in binary mode) or a DataFrame.

        It is called ``name``, else as its file, and kept for ``expires_in`` seconds after it was last used. The answer
        takes up to ``wait`` seconds (at most 30), until somebody has looked into it.

        Raises:
            OSError: the file can't be read.
            Problem: the server refused it.
            ConnectionLost: there was no answer.

        """
        with _opened(source) as (stream, own_name, media_type):
            query = {"name": name or own_name or None, "expires_in": expires_in}
            answer = self._connection.send(
                "POST",
                "/datasets",
                wait=wait,
                params={key: value for key, value in query.items() if value is not None},
                headers={"Content-Type": media_type, **preferring(wait)},
                content=stream,
            )
        return _dataset_of(document_of(answer))

    def list(self) -> Iterator[Dataset]:
        """One's own data sets, newest first; pages are asked for as they are needed.

        Raises:
            Problem: the server can't say now.
            ConnectionLost: there was no answer.

        """
        url: str | None = "/datasets"
        while url:
            answer = self._connection.send("GET", url)
            page = document_of(answer).get("datasets")
            if not isinstance(page, list):
                raise UnexpectedAnswer(f"{self._connection.url} answered without a list of data sets.")
            yield from map(_dataset_of, page)
            url = answer.links.get("next", {}).get("url")

    def get(self, dataset_id: str) -> Dataset:
        """The data set and what it holds.

        Raises:
            Problem: the server does not know it, or can't say now.
            ConnectionLost: there was no answer.

        """
        return _dataset_of(document_of(self._connection.send("GET", f"/datasets/{dataset_id}")))

    def delete(self, dataset: Dataset | str) -> None:
        """Delete it; jobs that use it go on.

        Raises:
            Problem: the server does not know it, or can't do it now.
            ConnectionLost: there was no answer.

        """
        dataset_id = dataset.id if isinstance(dataset, Dataset) else dataset
        answer = self._connection.send("DELETE", f"/datasets/{dataset_id}")
        if answer.status_code != httpx.codes.NO_CONTENT:
            raise UnexpectedAnswer(f"{self._connection.url} answered {answer.status_code} where a 204 was due.")


@contextmanager
def _opened(source: str | Path | BinaryIO | Frame) -> Iterator[tuple[BinaryIO, str, str]]:
    """What is sent, the name that it has of itself, and its media type."""
    if isinstance(source, str | Path):
        with Path(source).open("rb") as stream:
            yield stream, Path(source).name, _ANY
    elif hasattr(source, "to_parquet"):
        packed = BytesIO()
        source.to_parquet(packed, index=False)
        packed.seek(0)
        yield packed, "", "application/vnd.apache.parquet"
    else:
        # A file in memory has no name, and that of an opened descriptor is its number.
        own = getattr(source, "name", "")
        yield source, Path(own).name if isinstance(own, str) else "", _ANY


def _dataset_of(document: Mapping[str, object]) -> Dataset:
    size, rows = document.get("size"), document.get("rows")
    return Dataset(
        id=str(document.get("id", "")),
        name=str(document.get("name", "")),
        state=str(document.get("state", "")),
        size=size if isinstance(size, int) else 0,
        rows=rows if isinstance(rows, int) else None,
        document=document,
    )
