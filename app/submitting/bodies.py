"""The body of a submission, JSON or multipart, as its members; what they mean is judged elsewhere."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from flask import Request, current_app

from app.problems import Problem
from app.submitting.encodings import read_pieces
from app.submitting.forms import Part, read_parts
from app.submitting.json_text import malformed
from app.submitting.long_json import read_long
from app.submitting.strict_json import BadJson, parse
from app.turns import TURN

#: Longest JSON body that is parsed at once, bytes; what is longer is read in slices.
LONGEST_WHOLE = 4 * TURN

#: The field of a multipart body that holds the file.
FILE_FIELD = "data"

#: Fields of a multipart body that are JSON.
_JSON_FIELDS = ("data", "params")

#: Fields of a multipart body that are numbers.
_NUMBER_FIELDS = ("seed", "timeout", "expires_in")

#: Longest file name that is kept, characters.
_LONGEST_NAME = 255

#: What no name of a file holds.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

#: What a submission's body may be.
ACCEPTED = "application/json, multipart/form-data"

#: The charsets that a body, or a part of one, may name.
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that came with a submission."""

    content: bytes
    #: Its name without folders; None where it came without one.
    name: str | None
    #: What it was sent as, "" where that was not said.
    media_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a submission consists of."""

    members: dict[str, object] = field(default_factory=dict)
    upload: Upload | None = None
    #: What is wrong with single fields already, by name.
    errors: dict[str, object] = field(default_factory=dict)


def read_body(request: Request) -> Body:
    """The body's members.

    Raises:
        Problem: it is no JSON object and no form, or of a type or coding that is not taken.
        werkzeug.exceptions.RequestEntityTooLarge: it is larger than allowed.

    """
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower() not in _CHARSETS:
        raise _unsupported(f"The body must be in UTF-8, not in {charset[:40]!r}.")
    pieces = read_pieces(request)
    if request.mimetype == "application/json" or request.mimetype.endswith("+json"):
        return Body(members=_read_json(pieces))
    if request.mimetype == "multipart/form-data":
        return _read_form(pieces, boundary=request.mimetype_params.get("boundary", ""))
    if not request.mimetype and not any(pieces):
        return Body()
    sent = f"{request.mimetype[:80]!r} is not taken" if request.mimetype else "The Content-Type is missing"
    raise _unsupported(f"{sent}; send application/json, or multipart/form-data with a file {FILE_FIELD!r}.")


def _unsupported(detail: str) -> Problem:
    return Problem("unsupported-media-type", detail, headers={"Accept-Post": ACCEPTED, "Accept": ACCEPTED})


def _read_json(pieces: Iterator[bytes]) -> dict[str, object]:
    begun: list[bytes] = []
    for piece in pieces:
        begun.append(piece)
        if sum(map(len, begun)) > LONGEST_WHOLE:
            return read_long(chain(begun, pieces))
    return object_in(b"".join(begun))


def object_in(raw: bytes) -> dict[str, object]:
    """The members of a JSON object.

    Raises:
        Problem: it is none.

    """
    if not raw:
        raise Problem("malformed-body", "The body is empty; send a JSON object.")
    try:
        members = parse(raw)
    except BadJson as error:
        raise malformed(str(error), **error.place) from None
    if not isinstance(members, dict):
        raise Problem("malformed-body", "The body is JSON, but not an object: send {…}.")
    return members


def _read_form(pieces: Iterator[bytes], *, boundary: str) -> Body:
    if not boundary or not boundary.isascii():
        raise Problem("malformed-body", "The multipart body has no boundary; leave the Content-Type to your client.")
    limits = current_app.config
    parts = read_parts(
        pieces,
        boundary=boundary,
        most=limits["MAX_FORM_PARTS"],
        longest_text=limits["MAX_FORM_MEMORY_SIZE"],
    )
    if not parts:
        raise Problem("malformed-body", "The multipart body is empty.")
    return _form_of(parts)


def _form_of(parts: list[Part]) -> Body:
    members: dict[str, object] = {}
    errors: dict[str, object] = {}
    upload = None
    for part in parts:
        try:
            if part.file_name is None:
                members[part.name] = _value_of(part)
            else:
                upload = _upload_of(part, part.file_name)
        except _Refused as error:
            errors[part.name] = [str(error)]
    times = Counter(part.name for part in parts)
    errors |= {name: [f"Sent {count} times; send it once."] for name, count in times.items() if count > 1}
    return Body(members=members, errors=errors, upload=upload)


class _Refused(Exception):
    """What is wrong with one part."""


def _value_of(part: Part) -> object:
    if part.charset and part.charset not in _CHARSETS:
        raise _Refused("Must be in UTF-8.")
    if part.name in _JSON_FIELDS or part.name in _NUMBER_FIELDS:
        try:
            return parse(part.content)
        except BadJson as error:
            # A number that can't be read stays a text, which its field refuses in its own words.
            if part.name in _JSON_FIELDS:
                raise _Refused(f"Not valid JSON: {error}.") from None
    return _text_of(part.content)


def _text_of(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise _Refused("Not valid UTF-8.") from None
    if "\0" in text:
        raise _Refused("Holds a NUL character.")
    return text


def _upload_of(part: Part, file_name: str) -> Upload:
    if part.name != FILE_FIELD:
        raise _Refused(f"Unknown file; the file belongs into the field {FILE_FIELD!r}.")
    name = plain_name(file_name)
    if name is None:
        raise _Refused("The name of the file holds a control character.")
    return Upload(content=part.content, name=name or None, media_type=part.media_type)


def plain_name(file_name: str) -> str | None:
    """The name of a file without folders; None for one with control characters."""
    name = file_name.replace("\\", "/").rpartition("/")[2][:_LONGEST_NAME]
    return None if _CONTROL.search(name) else name
