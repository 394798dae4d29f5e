"""Requests to one server: the key goes along, and whatever goes wrong is an error of this package."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from coatcheck.address import userinfo_of, without_login
from coatcheck.answers import exchange_of, problem_of
from coatcheck.api_key import basic, bearer
from coatcheck.errors import ConnectionLost, Problem
from coatcheck.walk import Exchange

#: How long connecting and a silence within an answer may last, seconds.
TIMEOUT = 30.0


class Connection:
    """A server over HTTP; redirects are not followed."""

    def __init__(self, url: str, *, api_key: str | None, on_exchange: Callable[[Exchange], None] | None) -> None:
        """See `Client`.

        Raises:
            CoatcheckError: the URL or the key can't be one.

        """
        #: The server's address, without a user and password.
        self.url = without_login(url).rstrip("/")
        self._on_exchange = on_exchange
        try:
            login, base = userinfo_of(url), httpx.URL(self.url)
        except httpx.InvalidURL as error:
            # What it says may show a part of a password.
            reason = "" if "@" in url else f": {error}"
            raise ConnectionLost(f"{self.url} is no URL{reason}") from None
        auth = bearer(api_key, of=base) or basic(login, of=base)
        self._http = httpx.Client(base_url=base, auth=auth, timeout=TIMEOUT)

    def send(self, method: str, url: str, *, wait: int = 0, **content: object) -> httpx.Response:
        """One request; the server may hold its answer back for ``wait`` seconds if it knows how (RFC 7240).

        Raises:
            Problem: the answer's status is 400 or more.
            ConnectionLost: there was no answer.

        """
        with self.stream(method, url, wait=wait, **content) as answer:
            answer.read()
            return answer

    @contextmanager
    def stream(self, method: str, url: str, *, wait: int = 0, **content: object) -> Iterator[httpx.Response]:
        """The answer to one request, whose body is read inside the block as it comes.

        Raises:
            Problem: the answer's status is 400 or more.
            ConnectionLost: there was no answer, or it broke off.

        """
        timeout = httpx.Timeout(TIMEOUT, read=TIMEOUT + wait)
        try:
            with self._http.stream(method, url, timeout=timeout, **content) as answer:  # type: ignore[arg-type]
                if self._on_exchange is not None:
                    self._on_exchange(exchange_of(answer))
                if answer.is_error:
                    answer.read()
                    raise Problem(problem_of(answer), status=answer.status_code)
                yield answer
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise ConnectionLost(f"No answer from {self.url}: {str(error) or type(error).__name__}") from error

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def preferring(wait: int) -> dict[str, str]:
    """The header that asks the server to hold its answer back for so many seconds; none for 0."""
    return {"Prefer": f"wait={wait}"} if wait else {}
