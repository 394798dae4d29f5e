"""A multipart body (RFC 7578) as its parts; what they mean is judged elsewhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from app.problems import Problem

#: Bytes that are decoded at once; the headers of a part may have twice as many.
_STEP = 2**15

#: What a part may name as its Content-Transfer-Encoding, a header that RFC 7578 deprecates: that it has none.
_NONE = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a form."""

    #: The name of its field.
    name: str
    #: The name of the file as the client sent it; None for a text field.
    file_name: str | None
    #: The charset that it names, in small letters; "" for none.
    charset: str
    #: The media type that it names, in small letters; "" for none.
    media_type: str
    content: bytes


def read_parts(pieces: Iterable[bytes], *, boundary: str, most: int, longest_text: int) -> list[Part]:
    """The parts in their order, at most so many, with at most so many bytes in a text field.

    Raises:
        Problem: it is no multipart body, or ends before its last boundary.
        werkzeug.exceptions.RequestEntityTooLarge: it has more parts or a longer text.

    """
    parts: list[Part] = []
    head: Field | File | None = None
    content = bytearray()
    for event in read_events(pieces, boundary=boundary, most=most):
        if isinstance(event, (Field, File)):
            head, content = event, bytearray()
        elif isinstance(event, Data) and head is not None:
            content += event.data
            if isinstance(head, Field) and len(content) > longest_text:
                raise RequestEntityTooLarge
            if not event.more_data:
                parts.append(part_of(head, bytes(content), number=len(parts) + 1))
    return parts


def read_events(pieces: Iterable[bytes], *, boundary: str, most: int) -> Iterator[Event]:
    """What the body is made of, as it comes: the head of each part, at most so many, and then its bytes.

    Raises:
        Problem: it is no multipart body, or ends before its last boundary.
        werkzeug.exceptions.RequestEntityTooLarge: it has more parts.

    """
    decoder = MultipartDecoder(boundary.encode(), max_form_memory_size=2 * _STEP, max_parts=most)
    try:
        for piece in pieces:
            for at in range(0, len(piece), _STEP):
                decoder.receive_data(piece[at : at + _STEP])
                yield from _complete(decoder)
        decoder.receive_data(None)
        yield from _complete(decoder)
    except ValueError as error:
        # UnicodeDecodeError, for a part's headers, is one of them.
        reason = "a part's headers are not in UTF-8" if isinstance(error, UnicodeError) else _reason(decoder)
        raise Problem("malformed-body", f"The multipart body can't be read: {reason}.") from None


def _complete(decoder: MultipartDecoder) -> Iterator[Event]:
    while not isinstance(event := decoder.next_event(), NeedData):
        yield event
        if isinstance(event, Epilogue):
            return


def _reason(decoder: MultipartDecoder) -> str:
    return "it ends before its closing boundary" if decoder.complete else "a part has no Content-Disposition"


def part_of(head: Field | File, content: bytes, *, number: int) -> Part:
    """The part with this head, the so-and-so-manieth of its body.

    Raises:
        Problem: it has no name, or is coded in a way that is not taken.

    """
    kind, options = parse_options_header(head.headers.get("Content-Type"))
    coding = head.headers.get("Content-Transfer-Encoding", "").lower()
    if head.name is None:
        raise _refusal(number, "has no name")
    if coding not in _NONE:
        raise _refusal(number, f"is in {coding[:40]!r}; send it as it is")
    if kind.lower().startswith("multipart/"):
        raise _refusal(number, "is itself multipart; send each file as a part of its own")
    return Part(
        name=head.name,
        file_name=head.filename if isinstance(head, File) else None,
        charset=options.get("charset", "").lower(),
        media_type=kind.lower(),
        content=content,
    )


def _refusal(number: int, fault: str) -> Problem:
    return Problem("malformed-body", f"Part {number} of the multipart body {fault}.")
