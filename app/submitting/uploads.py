"""A file that becomes a data set, on its way from the request to the blob store: never held whole."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Event, Field, File

from app.catalog import BY_MEDIA_TYPE, HEAD, FileRefused, Format, tell_format
from app.problems import Problem
from app.submitting.bodies import FILE_FIELD, plain_name
from app.submitting.encodings import read_pieces
from app.submitting.forms import part_of, read_events
from jobs.blobs import Writer
from jobs.datasets import Content
from jobs.job import new_id
from jobs.store import Store

#: Types of body that say nothing about the file's format.
_ANY = frozenset({"", "application/octet-stream", "text/plain"})

#: What the body of an upload may be.
ACCEPTED = ", ".join(["multipart/form-data", *BY_MEDIA_TYPE, *sorted(_ANY - {""})])

#: Most fields of a form beside the file, and bytes of one.
_MOST_FIELDS, _LONGEST_FIELD = 8, 2**12


@dataclass(frozen=True, kw_only=True)
class Received:
    """A file that lies in the blob store."""

    content: Content
    #: Its name without folders, "" where it came without one.
    name: str
    #: The fields that came with it.
    fields: dict[str, str] = field(default_factory=dict)


def receive(request: Request, store: Store, *, name: str) -> Received:
    """Writes the file of the request into the blob store while it comes; a raw body is called as given.

    Whatever goes wrong, nothing is left of it.

    Raises:
        Problem: the body is of another type, ends early, or its file can't be a table.
        werkzeug.exceptions.RequestEntityTooLarge: more comes than a data set may have.
        StoreUnavailable: Redis can't note the file.
        StorageError: the blob store can't take it.

    """
    is_form = request.mimetype == "multipart/form-data"
    if not is_form and request.mimetype not in BY_MEDIA_TYPE and request.mimetype not in _ANY:
        raise Problem(
            "unsupported-media-type",
            f"{request.mimetype[:80]!r} is not taken; send the file as what it is, such as text/csv, or as a form with "
            f"a file {FILE_FIELD!r}.",
            headers={"Accept-Post": ACCEPTED, "Accept": ACCEPTED},
        )
    pieces = read_pieces(request)
    blob = f"datasets/{new_id()}"
    with store.blobs.writing(blob) as writer:
        if is_form:
            received = _from_form(request, pieces, writer, blob=blob)
        else:
            file = _Arriving(writer, blob=blob, media_type=request.mimetype, name=name)
            for piece in pieces:
                file.take(piece)
            received = Received(content=file.end(), name=name)
        store.expect_blob(blob)
    return received


class _Arriving:
    """A file that comes piece by piece: its format is told as soon as there is enough of it."""

    def __init__(self, writer: Writer, *, blob: str, media_type: str, name: str) -> None:
        self._writer = writer
        self._blob = blob
        self._declared = {"media_type": media_type, "name": name}
        self._digest = hashlib.sha256()
        self._head = b""
        self._size = 0
        self._format: Format | None = None

    def take(self, piece: bytes | bytearray) -> None:
        self._digest.update(piece)
        self._size += len(piece)
        self._writer.write(bytes(piece))
        if self._format is None:
            self._head += piece[: HEAD - len(self._head)]
            if len(self._head) == HEAD:
                self._format = self._told()

    def end(self) -> Content:
        return Content(
            blob=self._blob,
            format=self._format or self._told(),
            size=self._size,
            sha256=self._digest.hexdigest(),
        )

    def _told(self) -> Format:
        try:
            return tell_format(self._head, **self._declared)
        except FileRefused as refused:
            place = {"line": refused.line, "column": refused.column}
            said = {name: number for name, number in place.items() if number is not None}
            raise Problem("unreadable-file", refused.message, members=said) from None


def _from_form(request: Request, pieces: Iterator[bytes], writer: Writer, *, blob: str) -> Received:
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary or not boundary.isascii():
        raise Problem("malformed-body", "The multipart body has no boundary; leave the Content-Type to your client.")
    form = _Form(writer, blob=blob)
    for event in read_events(pieces, boundary=boundary, most=_MOST_FIELDS):
        form.take(event)
    return form.end()


class _Form:
    """A form of one file and some short fields, in whatever order."""

    def __init__(self, writer: Writer, *, blob: str) -> None:
        self._writer = writer
        self._blob = blob
        self._number = 0
        self._head: Field | File | None = None
        self._text = bytearray()
        self._file: _Arriving | None = None
        self._name = ""
        self._fields: dict[str, str] = {}

    def take(self, event: Event) -> None:
        if isinstance(event, (Field, File)):
            self._begin(event)
        elif isinstance(event, Data) and self._head is not None:
            self._go_on(event, self._head)

    def end(self) -> Received:
        if self._file is None:
            raise Problem("malformed-body", f"The form has no file {FILE_FIELD!r}.")
        return Received(content=self._file.end(), name=self._name, fields=self._fields)

    def _begin(self, head: Field | File) -> None:
        self._number += 1
        self._head, self._text = head, bytearray()
        part = part_of(head, b"", number=self._number)
        if part.file_name is None:
            return
        if part.name != FILE_FIELD or self._file is not None:
            raise Problem("malformed-body", f"Send one file, in the field {FILE_FIELD!r}.")
        name = plain_name(part.file_name)
        if name is None:
            raise Problem("malformed-body", "The name of the file holds a control character.")
        self._name = name
        self._file = _Arriving(self._writer, blob=self._blob, media_type=part.media_type, name=name)

    def _go_on(self, event: Data, head: Field | File) -> None:
        if isinstance(head, File):
            assert self._file is not None  # noqa: S101 - begun with its head
            self._file.take(event.data)
            return
        self._text += event.data
        if len(self._text) > _LONGEST_FIELD:
            raise RequestEntityTooLarge
        if not event.more_data:
            self._keep(part_of(head, bytes(self._text), number=self._number).name)

    def _keep(self, name: str) -> None:
        if name in self._fields:
            raise Problem("malformed-body", f"The field {name[:100]!r} comes twice.")
        try:
            self._fields[name] = self._text.decode()
        except UnicodeDecodeError:
            raise Problem("malformed-body", f"The field {name[:100]!r} is not valid UTF-8.") from None
