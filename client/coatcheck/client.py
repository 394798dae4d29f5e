"""The client: one server over HTTP, and the tickets that it gives out."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import httpx

from coatcheck.api_key import bearer
from coatcheck.errors import ConnectionLost, Problem, UnexpectedAnswer, WaitTimeout
from coatcheck.walk import Exchange, Job, job_of

#: How long connecting and a silence within an answer may last, seconds.
TIMEOUT = 30.0

#: The pause between two questions if the server names none, seconds.
_PAUSE = 1.0


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
        #: The server's address.
        self.url = url.rstrip("/")
        self._on_exchange = on_exchange
        try:
            self._http = httpx.Client(base_url=self.url, timeout=TIMEOUT)
            self._http.auth = bearer(api_key, of=self._http.base_url)
        except httpx.InvalidURL as error:
            raise ConnectionLost(f"{url} is no URL: {error}") from error

    def submit(
        self,
        analysis: str,
        *,
        data: Mapping[str, object] | None = None,
        file: Path | None = None,
        params: Mapping[str, object] | None = None,
    ) -> "Ticket":
        """Hand in work: ``data`` as the server's catalog describes it, or a CSV ``file`` to upload.

        Raises:
            Problem: the server refused it; ``errors`` lists every bad field.
            ConnectionLost: the server can't be reached.
            UnexpectedAnswer: what answers is no Coatcheck.

        """
        path = f"/analysis/{analysis}/run"
        if file is None:
            answer = self.send("POST", path, json={"data": data, "params": params or {}})
        else:
            with file.open("rb") as stream:
                files = {"data": (file.name, stream, "text/csv")}
                answer = self.send("POST", path, files=files, data={"params": json.dumps(params or {})})
        if answer.status_code != httpx.codes.ACCEPTED or "location" not in answer.headers:
            raise UnexpectedAnswer(f"{self.url} answered {answer.status_code} where a 202 with a Location was due.")
        return Ticket(client=self, job=job_of(document_of(answer)), status_url=answer.headers["location"])

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
        try:
            answer = self._http.request(method, url, **content)  # type: ignore[arg-type]
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise ConnectionLost(f"No answer from {self.url}: {error or type(error).__name__}") from error
        if self._on_exchange is not None:
            self._on_exchange(_exchange_of(answer))
        if answer.is_error:
            raise Problem(_problem_of(answer), status=answer.status_code)
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


@dataclass(kw_only=True)
class Ticket:
    """A job that was handed in."""

    #: The server that has it.
    client: Client
    #: The job when it was last asked for.
    job: Job
    #: Where to ask for the status.
    status_url: str
    #: Where the result is; empty until the job is final.
    result_url: str = ""
    #: How long the server asked to wait before the next question, seconds.
    retry_after: float = field(default=_PAUSE)

    def status(self) -> Job:
        """Ask for the job once.

        Raises:
            Problem: the server does not know the job, or can't say now.
            ConnectionLost: there was no answer.

        """
        answer = self.client.send("GET", self.status_url)
        self.job = job_of(document_of(answer))
        self.retry_after = _seconds(answer.headers.get("retry-after"))
        if answer.status_code == httpx.codes.SEE_OTHER:
            self.result_url = answer.headers.get("location", "")
        if answer.status_code != httpx.codes.ACCEPTED and not self.result_url:
            raise UnexpectedAnswer(f"{self.status_url} answered {answer.status_code} where 202 or 303 was due.")
        return self.job

    def wait(
        self,
        *,
        on_progress: Callable[[Job], None] | None = None,
        at_most: float | None = None,
        every: float | None = None,
    ) -> Job:
        """Ask until the job is final, whatever its end; ``on_progress`` gets each answer.

        The pause between two questions is the server's ``Retry-After``. With ``every`` it is at most so many seconds,
        for a display that should move; it costs the server a question each time.

        Raises:
            WaitTimeout: the job was not final after ``at_most`` seconds; it goes on.
            Problem: the server does not know the job, or can't say now.
            ConnectionLost: there was no answer.

        """
        ends = None if at_most is None else time.monotonic() + at_most
        while True:
            job = self.status()
            if on_progress is not None:
                on_progress(job)
            if self.result_url:
                return job
            pause = self.retry_after if every is None else min(self.retry_after, every)
            if ends is not None and time.monotonic() + pause > ends:
                raise WaitTimeout(f"The job {job.id} was still {job.status} after {at_most:g} s.")
            time.sleep(pause)

    def result(self) -> dict[str, object]:
        """The result's JSON object; waits for it if need be.

        Raises:
            Problem: the job failed, was canceled, or its result has expired.
            ConnectionLost: there was no answer.
            UnexpectedAnswer: the result is no JSON object.

        """
        if not self.result_url:
            self.wait()
        return document_of(self.client.send("GET", self.result_url))


def document_of(answer: httpx.Response) -> dict[str, object]:
    """The JSON object of an answer.

    Raises:
        UnexpectedAnswer: it has none.

    """
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise UnexpectedAnswer(f"{answer.request.url} answered {answer.status_code} without a JSON object.")
    return cast("dict[str, object]", document)


def _problem_of(answer: httpx.Response) -> dict[str, object]:
    """The problem document; a proxy's error page has none."""
    try:
        return document_of(answer)
    except UnexpectedAnswer:
        return {"title": f"{answer.status_code} {answer.reason_phrase}"}


def _seconds(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or _PAUSE))
    except ValueError:
        return _PAUSE


def _exchange_of(answer: httpx.Response) -> Exchange:
    return Exchange(
        method=answer.request.method,
        path=answer.request.url.path,
        status=answer.status_code,
        location=answer.headers.get("location", ""),
        retry_after=answer.headers.get("retry-after", ""),
    )
