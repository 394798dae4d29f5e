"""The client: one server over HTTP, to which work is handed in."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

import httpx

from coatcheck.answers import document_of, retry_after_of
from coatcheck.batches import Batch
from coatcheck.connection import Connection
from coatcheck.datasets import Dataset, Datasets
from coatcheck.errors import Problem, UnexpectedAnswer
from coatcheck.options import Options
from coatcheck.picking_up import ticket_of
from coatcheck.ticket import Ticket
from coatcheck.walk import Exchange, job_of


class Client:
    """A Coatcheck server."""

    def __init__(
        self, url: str, *, api_key: str | None = None, on_exchange: Callable[[Exchange], None] | None = None
    ) -> None:
        """Name the server; ``on_exchange`` is called with each request and its answer.

        ``api_key`` is sent to this server and to no other; ``None``: the one of ``COATCHECK_API_KEY``, ``""``: none.

        Raises:
            CoatcheckError: the URL or the key can't be one.

        """
        self._connection = Connection(url, api_key=api_key, on_exchange=on_exchange)
        #: The data sets of the server.
        self.datasets = Datasets(self._connection)

    @property
    def url(self) -> str:
        """The server's address."""
        return self._connection.url

    def submit(
        self,
        analysis: str,
        *,
        data: Mapping[str, object] | Dataset | None = None,
        file: Path | None = None,
        params: Mapping[str, object] | None = None,
        **options: Unpack[Options],
    ) -> Ticket:
        """Hand in work: ``data`` as the server's catalog describes it, a data set, or a CSV ``file`` to upload.

        Raises:
            Problem: the server refused it; ``errors`` lists every bad field.
            ConnectionLost: the server can't be reached.
            UnexpectedAnswer: what answers is no Coatcheck.

        """
        path = f"/analysis/{analysis}/run"
        if file is None:
            # An analysis that takes no data refuses it, be it null.
            given = {} if data is None else {"data": _named(data)}
            answer = self.send("POST", path, json={**given, "params": params or {}, **options})
        else:
            fields = {"params": json.dumps(params or {}), **{name: str(value) for name, value in options.items()}}
            with file.open("rb") as stream:
                answer = self.send("POST", path, files={"data": (file.name, stream, "text/csv")}, data=fields)
        self._check_taken(answer)
        return Ticket(connection=self._connection, job=job_of(document_of(answer)), status_url=_location(answer))

    def submit_batch(self, analysis: str, items: Iterable[Mapping[str, object]]) -> Batch:
        """Hand in up to 1000 jobs at once, all or none; each item has what ``submit`` takes: data, params, options.

        Raises:
            Problem: the server refused them; ``errors`` lists every bad field.
            ConnectionLost: the server can't be reached.
            UnexpectedAnswer: what answers is no Coatcheck.

        """
        bodies = [{**item, "data": _named(item["data"])} if "data" in item else {**item} for item in items]
        answer = self.send("POST", f"/analysis/{analysis}/batch", json={"items": bodies})
        self._check_taken(answer)
        return Batch(connection=self._connection, document=document_of(answer), retry_after=retry_after_of(answer))

    def ticket(self, job_id: str) -> Ticket:
        """The ticket of a job that was handed in before, by whomever.

        Raises:
            Problem: the server does not know the job, or can't say now.
            ConnectionLost: there was no answer.

        """
        return ticket_of(self._connection, job_id)

    def workers(self) -> int | None:
        """How many workers are ready for jobs; ``None`` while the server is not ready.

        Raises:
            ConnectionLost: nothing answers.
            UnexpectedAnswer: what answers is no Coatcheck.

        """
        try:
            answer = document_of(self.send("GET", "/readyz"))
        except Problem as problem:
            if problem.status == httpx.codes.SERVICE_UNAVAILABLE:
                return None
            raise UnexpectedAnswer(f"What answers at {self.url} is no Coatcheck.") from None
        count = answer.get("workers")
        if not isinstance(count, int):
            raise UnexpectedAnswer(f"What answers at {self.url} is no Coatcheck.")
        return count

    def send(self, method: str, url: str, **content: object) -> httpx.Response:
        """One request; redirects are not followed.

        Raises:
            Problem: the answer's status is 400 or more.
            ConnectionLost: there was no answer.

        """
        return self._connection.send(method, url, **content)  # type: ignore[arg-type]

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _check_taken(self, answer: httpx.Response) -> None:
        if answer.status_code != httpx.codes.ACCEPTED or "location" not in answer.headers:
            raise UnexpectedAnswer(f"{self.url} answered {answer.status_code} where a 202 with a Location was due.")


def _named(data: object) -> object:
    """Data as the server reads them: a data set goes by its id."""
    return {"dataset": data.id} if isinstance(data, Dataset) else data


def _location(answer: httpx.Response) -> str:
    return str(answer.headers["location"])
