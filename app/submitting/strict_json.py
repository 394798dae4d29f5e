"""One JSON text as its value, where orjson is not strict enough: nothing that was sent may get lost in silence."""

import json
import re
from decimal import Decimal

import orjson

#: Longest key or number that is repeated to the client, characters.
_LONGEST_QUOTE = 100

#: A NUL in a text, by its only spelling; an even number of backslashes before it is text.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*(\\u0000)")

#: Turns every digit into 0 and the rest into blanks: long numbers are found at the speed of a copy.
_DIGITS = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))

#: The fewest digits of a whole number that may not fit into 64 bits.
_LONG = b"0" * 19

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


class BadJson(ValueError):
    """A text that is not valid JSON, or not to be understood in one way only; says why in half a sentence."""

    def __init__(self, reason: str, *, at: int = 0, **place: int) -> None:
        super().__init__(reason)
        #: Where, in bytes; 0 where that is not known.
        self.at = at
        #: Where, as ``line`` and ``column``, both from 1; empty where that is not known.
        self.place = place


def parse(raw: bytes) -> object:
    """The value of a JSON text in UTF-8.

    Refused beside what RFC 8259 refuses: a key that comes twice in an object; a whole number beyond 64 bits that a
    float would falsify; a number that is infinite as a float; NUL and unpaired surrogates; more than 254 levels.

    Raises:
        BadJson: it is refused.

    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        at = len(raw.decode(errors="replace")[: error.pos].encode())
        raise BadJson(error.msg, at=at, line=error.lineno, column=error.colno) from None
    _refuse_nul(raw)
    if _is_doubtful(raw, _written(value)):
        json.loads(raw, object_pairs_hook=_object, parse_int=_integer)
    return value


def _refuse_nul(raw: bytes) -> None:
    if b"\\u0000" in raw and (found := _NUL.search(raw)):
        at = found.start(1)
        line, column = raw.count(b"\n", 0, at) + 1, at - raw.rfind(b"\n", 0, at)
        raise BadJson("a text holds a NUL character", at=at, line=line, column=column)


def _written(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise BadJson("it nests more than 254 levels deep") from None


def _is_doubtful(raw: bytes, written: bytes) -> bool:
    """Whether a key may come twice, or a number be too long; if not, then surely not.

    A parser keeps the last of two members, so the value written again has fewer colons, be they between key and value
    or inside of texts. Only an escaped colon could make up for one.
    """
    if raw.count(b":") != written.count(b":") or b"\\u003a" in raw or b"\\u003A" in raw:
        return True
    return _LONG in raw.translate(_DIGITS)


def _object(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) == len(pairs):
        return
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise BadJson(twice(name))
        names.add(name)


def twice(name: str) -> str:
    """What is said of a key that comes twice."""
    return f"the key {name[:_LONGEST_QUOTE]!r} comes twice in one object"


def _integer(digits: str) -> None:
    # orjson makes a float of what is beyond 64 bits. Some write floats like that, with all digits, or with zeros behind
    # those that tell them apart, as JavaScript does: what they were is kept.
    number = int(digits)
    if _SMALLEST <= number <= _LARGEST:
        return
    kept = float(digits)
    if number not in (int(kept), int(Decimal(repr(kept)))):
        raise BadJson(f"the number {digits[:_LONGEST_QUOTE]} is beyond 64 bits; send it as a text")
