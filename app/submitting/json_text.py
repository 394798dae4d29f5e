"""A JSON text that comes in pieces, and where its values begin and end; what they are is parsed elsewhere."""

import re
from collections.abc import Iterator

from app.problems import Problem
from app.submitting.strict_json import BadJson, parse
from app.turns import give_way

#: Longest value that is read at once, bytes: one row of a table, the params, an option.
LONGEST_VALUE = 2**20

#: Brackets and texts of one value that are walked over between two turns.
_TOKENS_A_TURN = 2**14

_BLANKS = re.compile(rb"[ \t\r\n]*+")
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TOKEN = re.compile(
    rb"(?P<text>" + _TEXT + rb")|(?P<open>[\[{])|(?P<close>[\]}])|(?P<mark>[,:])"
    rb'|(?P<plain>[^\s"\[\]{},:]++)|(?P<cut>")',
    re.DOTALL,
)

#: As many flat objects, or flat values, as follow one another and are sure to have ended, each with its comma.
ROWS = re.compile(
    rb'(?:[ \t\r\n]*+\{(?:[^"\[\]{}]++|' + _TEXT + rb")*+\}[ \t\r\n]*+(?:,|(?=\])))*+",
    re.DOTALL,
)
CELLS = re.compile(rb'(?:(?:[^"\[\]{},]++|' + _TEXT + rb")++(?:,|(?=\])))*+", re.DOTALL)


class JsonText:
    """A cursor in the text; it keeps no more of it than the value under way."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        #: What has come and was not left behind.
        self._window = b""
        #: The place in the window.
        self._at = 0
        #: Bytes that were left behind.
        self._behind = 0

    @property
    def place(self) -> int:
        """How many bytes were read."""
        return self._behind + self._at

    def peek(self) -> bytes:
        """The next byte that is no blank; b"" at the end."""
        while True:
            self._at = _end(_BLANKS, self._window, self._at)
            if self._at < len(self._window):
                return self._window[self._at : self._at + 1]
            if not self._grow():
                return b""

    def take(self, mark: bytes) -> None:
        """Goes past this byte.

        Raises:
            Problem: another one comes.

        """
        if self.peek() != mark:
            raise self.malformed(f"expected {mark.decode()!r}")
        self._at += 1

    def value(self) -> object:
        """The next value.

        Raises:
            Problem: it is not valid, or longer than ``LONGEST_VALUE``.

        """
        self.peek()
        began = self.place
        return self._parsed(self._whole_value(), began)

    def some(self, pattern: "re.Pattern[bytes]") -> list[object]:
        """As many elements of a list as are here; at least one, of whatever kind it is.

        Raises:
            Problem: one of them is not valid, or longer than ``LONGEST_VALUE``.

        """
        end = _end(pattern, self._window, self._at)
        if end == self._at:
            return [self.value()]
        # The last comma is left to be taken, for something has to follow it.
        end -= self._window[end - 1 : end] == b","
        found = self._parsed(b"[" + self._window[self._at : end] + b"]", self.place)
        self._at = end
        assert isinstance(found, list)  # noqa: S101 - it has brackets
        return found

    def malformed(self, reason: str, *, at: int | None = None) -> Problem:
        """The problem that the text is not valid at this byte, or here."""
        return malformed(f"{reason}, near byte {self.place if at is None else at}")

    def _grow(self) -> bool:
        piece = next(self._pieces, b"")
        self._behind += self._at
        self._window = self._window[self._at :] + piece
        self._at = 0
        return bool(piece)

    def _whole_value(self) -> bytes:
        walk = _Walk()
        while not walk.is_done(self._window, self._at):
            if len(self._window) - self._at > LONGEST_VALUE:
                raise Problem(
                    "body-too-large",
                    f"In a long body, a single row, and each member beside the table, may have {LONGEST_VALUE} bytes; "
                    f"the one near byte {self.place} has more.",
                )
            if not self._grow():
                raise self.malformed("it ends early")
        end = self._at + walk.length
        whole = self._window[self._at : end]
        self._at = end
        return whole

    def _parsed(self, raw: bytes, began: int) -> object:
        try:
            return parse(raw)
        except BadJson as error:
            raise self.malformed(str(error), at=began + error.at) from None


def malformed(reason: str, **place: int) -> Problem:
    """The problem that a body is not valid JSON."""
    return Problem("malformed-body", f"The body can't be taken as JSON: {reason}.", members=place)


def _end(pattern: "re.Pattern[bytes]", window: bytes, at: int) -> int:
    """Where the match ends; each pattern here matches at least nothing."""
    found = pattern.match(window, at)
    return found.end() if found else at


class _Walk:
    """The way through a value to its end; of an invalid one, to somewhere behind it."""

    def __init__(self) -> None:
        #: How far it went, bytes.
        self.length = 0
        self._depth = 0

    def is_done(self, window: bytes, at: int) -> bool:
        """Goes on in a window that has grown; ``at`` is where the value begins in it. Whether its end was seen."""
        for number, token in enumerate(_TOKEN.finditer(window, at + self.length), start=1):
            if not number % _TOKENS_A_TURN:
                give_way()
            kind = token.lastgroup
            if kind == "cut" or (kind == "plain" and token.end() == len(window)):
                return False
            self.length = token.end() - at
            self._depth += (kind == "open") - (kind == "close")
            if self._depth <= 0:
                return True
        return False
