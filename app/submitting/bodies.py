"""The body of a submission, JSON or multipart, as its members; what they mean is judged elsewhere."""

import math
from dataclasses import dataclass, field

import orjson
from flask import Request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from app.problems import Problem

#: The field of a multipart body that holds the file.
FILE_FIELD = "data"

#: Fields of a multipart body that are JSON.
_JSON_FIELDS = ("data", "params")

#: Fields of a multipart body that are numbers.
_NUMBER_FIELDS = ("seed", "timeout", "expires_in")

#: Longest file name that is kept, characters.
_LONGEST_NAME = 255

#: What a submission's body may be.
ACCEPTED = "application/json, multipart/form-data"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that came with a submission."""

    content: bytes
    #: Its name without folders; None where it came without one.
    name: str | None


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
        Problem: it is no JSON object and no form, or of a type that is not taken.
        werkzeug.exceptions.RequestEntityTooLarge: it is larger than allowed.

    """
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise _unsupported(f"The body must be in UTF-8, not in {charset[:40]!r}.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _unsupported("The body must not be compressed.")
    if request.mimetype == "application/json" or request.mimetype.endswith("+json"):
        return Body(members=_object_in(_read_all(request)))
    if request.mimetype == "multipart/form-data":
        return _read_form(request)
    if not request.mimetype and not _read_all(request):
        return Body()
    sent = f"{request.mimetype[:80]!r} is not taken" if request.mimetype else "The Content-Type is missing"
    raise _unsupported(f"{sent}; send application/json, or multipart/form-data with a file {FILE_FIELD!r}.")


def _read_all(request: Request) -> bytes:
    raw = request.get_data(cache=False)
    # werkzeug cuts off a body without a declared length that is too long, and says nothing.
    if request.content_length is None and len(raw) >= (request.max_content_length or math.inf):
        raise RequestEntityTooLarge
    return raw


def _unsupported(detail: str) -> Problem:
    return Problem(
        "unsupported-media-type",
        detail,
        headers={"Accept-Post": ACCEPTED, "Accept": ACCEPTED, "Accept-Encoding": "identity"},
    )


def _object_in(raw: bytes) -> dict[str, object]:
    if not raw:
        raise Problem("malformed-body", "The body is empty; send a JSON object.")
    try:
        members = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise Problem("malformed-body", f"The body is not valid JSON: {error}.", members=place) from None
    if not isinstance(members, dict):
        raise Problem("malformed-body", "The body is JSON, but not an object: send {…}.")
    return members


def _read_form(request: Request) -> Body:
    # werkzeug takes a form without boundary for an empty one.
    if not request.mimetype_params.get("boundary", "").isascii() or not request.mimetype_params.get("boundary"):
        raise Problem("malformed-body", "The multipart body has no boundary; leave the Content-Type to your client.")
    if not request.files and not request.form:
        raise Problem("malformed-body", "The multipart body is empty or can't be read.")
    members: dict[str, object] = {}
    errors: dict[str, object] = {}
    for name, texts in request.form.lists():
        if len(texts) > 1:
            errors[name] = [f"Sent {len(texts)} times; send it once."]
        else:
            _read_field(name, texts[0], members=members, errors=errors)
    return Body(members=members, errors=errors, upload=_only_file(request, members=members, errors=errors))


def _read_field(name: str, text: str, *, members: dict[str, object], errors: dict[str, object]) -> None:
    members[name] = text
    if name not in _JSON_FIELDS and name not in _NUMBER_FIELDS:
        return
    try:
        members[name] = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        # A number that can't be read stays a text, which its field refuses in its own words.
        if name in _JSON_FIELDS:
            errors[name] = [f"Not valid JSON: {error}."]


def _only_file(request: Request, *, members: dict[str, object], errors: dict[str, object]) -> Upload | None:
    for name, files in request.files.lists():
        if name != FILE_FIELD:
            errors[name] = [f"Unknown file; the file belongs into the field {FILE_FIELD!r}."]
        elif len(files) > 1:
            errors[name] = [f"Sent {len(files)} files; send one."]
        elif name in members:
            errors[name] = ["Sent as a file and as a field; send one of them."]
    found = request.files.get(FILE_FIELD)
    return None if found is None else _upload(found)


def _upload(file: FileStorage) -> Upload:
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2][:_LONGEST_NAME]
    return Upload(content=file.read(), name=name or None)
