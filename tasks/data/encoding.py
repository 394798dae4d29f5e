"""The encoding of a text file, found in one pass over it, however large it is."""

import codecs
from typing import BinaryIO

from tasks.data.formats import CONTROL, UTF_16_MARKS, not_a_text
from tasks.data.refusal import FileRefused

#: Bytes that are looked at in one step.
_STEP = 2**20

#: What a text that is not in Unicode is taken to be in: all that ISO 8859-1 can print, and what Windows adds to it.
FALLBACK = "cp1252"

#: What a byte of that encoding never is.
_UNDEFINED = frozenset(b"\x81\x8d\x8f\x90\x9d")


def find_encoding(file: BinaryIO) -> str:
    """Return Python's name of the encoding of the text: UTF-8, UTF-16 if it begins with its mark, else Windows-1252.

    The file is left at its beginning. Raises FileRefused with line and column where it is no text, or neither of them:
    a byte that is wrong in a text with other characters beyond ASCII that are right in UTF-8 is a mistake in UTF-8.
    """
    mark = file.read(2)
    file.seek(0)
    try:
        if mark in UTF_16_MARKS:
            _refuse_broken_utf_16(file)
            return "utf-16"
        return _utf_8_or_fallback(file)
    finally:
        file.seek(0)


def _refuse_broken_utf_16(file: BinaryIO) -> None:
    decoder = codecs.getincrementaldecoder("utf-16")()
    lines = 0
    try:
        while piece := file.read(_STEP):
            lines += decoder.decode(piece).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise FileRefused(f"The file begins as UTF-16, but after line {lines} it is not; save it as UTF-8.") from None


def _utf_8_or_fallback(file: BinaryIO) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    at, is_ascii = 0, True
    while piece := file.read(_STEP):
        _refuse_control(file, piece, at=at)
        try:
            is_ascii &= decoder.decode(piece).isascii()
        except UnicodeDecodeError as error:
            is_ascii &= error.object[: error.start].isascii()
            wrong = at - (len(error.object) - len(piece)) + error.start
            return _fallback(file, wrong, is_ascii=is_ascii)
        at += len(piece)
    if decoder.getstate()[0]:
        return _fallback(file, at - len(decoder.getstate()[0]), is_ascii=is_ascii)
    return "utf-8-sig"


def _fallback(file: BinaryIO, wrong: int, *, is_ascii: bool) -> str:
    if not is_ascii:
        raise _refusal(file, wrong, "isn't UTF-8, though others beyond ASCII are")
    file.seek(wrong)
    at = wrong
    while piece := file.read(_STEP):
        _refuse_control(file, piece, at=at)
        undefined = (
            next((place for place, byte in enumerate(piece) if byte in _UNDEFINED), None)
            if (_UNDEFINED & set(piece))
            else None
        )
        if undefined is not None:
            raise _refusal(file, at + undefined, "is neither UTF-8 nor Windows-1252")
        at += len(piece)
    return FALLBACK


def _refuse_control(file: BinaryIO, piece: bytes, *, at: int) -> None:
    found = CONTROL.search(piece)
    if found:
        before = _before(file, at + found.start())
        raise not_a_text(before[1], lines_before=before[0], byte=found[0])


def _refusal(file: BinaryIO, at: int, what: str) -> FileRefused:
    lines, before = _before(file, at)
    column = len(before.decode("utf-8", "replace")) + 1
    line = lines + 1
    return FileRefused(
        f"Line {line} of the file {what} at column {column}; save the file as UTF-8 and send it again.",
        line=line,
        column=column,
    )


def _before(file: BinaryIO, at: int) -> tuple[int, bytes]:
    """How many line ends come before this byte, and what is before it on its own line."""
    file.seek(0)
    lines, rest = 0, b""
    while at > 0 and (piece := file.read(min(_STEP, at))):
        at -= len(piece)
        lines += piece.count(b"\n")
        begun = piece.rpartition(b"\n")
        rest = begun[2] if begun[1] else rest + piece
    return lines, rest
