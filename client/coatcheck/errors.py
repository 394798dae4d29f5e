"""What can go wrong between a client and its server; the text of each error is one line for a person."""

from collections.abc import Mapping


class CoatcheckError(Exception):
    """Root of the errors of this package."""


class ConnectionLost(CoatcheckError):
    """The server can't be reached, or went away in the middle of an answer."""


class WaitTimeout(CoatcheckError):
    """The job was not finished in the time that one was ready to wait."""


class UnexpectedAnswer(CoatcheckError):
    """The server answered something that the contract does not know; it is no Coatcheck, or a much newer one."""


class Problem(CoatcheckError):
    """The server refused a request, or a job came to a bad end (RFC 9457)."""

    def __init__(self, document: Mapping[str, object], *, status: int) -> None:
        """A problem document as the server sent it; ``status`` is the HTTP status."""
        #: The HTTP status.
        self.status = status
        #: The kind of problem, a URI reference.
        self.type = str(document.get("type", "about:blank"))
        #: The kind of problem in words.
        self.title = str(document.get("title", f"HTTP {status}"))
        #: What went wrong this time; may be empty.
        self.detail = str(document.get("detail") or "")
        #: The bad fields of a refused request, as the server lists them.
        self.errors = document.get("errors")
        #: The whole document.
        self.document = document
        super().__init__(self._line())

    def _line(self) -> str:
        line = f"{self.title}: {self.detail}" if self.detail else self.title
        return f"{line} {self.errors}" if self.errors else line
