"""The formats of files that can be read as tables, told by type, name and first bytes; light, for the API asks too."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePath

from tasks.data.lookalike import foreign_format
from tasks.data.refusal import FileRefused

#: Bytes from the beginning of a file that are enough to tell its format.
HEAD = 2**16


class Format(StrEnum):
    """The formats."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON_LINES = "jsonl"
    #: Arrow's IPC format, as a file (Feather) or as a stream.
    ARROW = "arrow"


#: What each is sent as.
MEDIA_TYPES: Mapping[Format, str] = {
    Format.CSV: "text/csv",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.JSON_LINES: "application/jsonl",
    Format.ARROW: "application/vnd.apache.arrow.file",
}

#: The format by media type; any other type says nothing about it.
BY_MEDIA_TYPE: Mapping[str, Format] = {
    **{media_type: found for found, media_type in MEDIA_TYPES.items()},
    "application/csv": Format.CSV,
    "text/tab-separated-values": Format.CSV,
    "application/parquet": Format.PARQUET,
    "application/x-parquet": Format.PARQUET,
    "application/x-ndjson": Format.JSON_LINES,
    "application/ndjson": Format.JSON_LINES,
    "application/x-jsonlines": Format.JSON_LINES,
    "application/vnd.apache.arrow.stream": Format.ARROW,
}

#: The format by the end of a file's name.
BY_SUFFIX: Mapping[str, Format] = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".arrow": Format.ARROW,
    ".arrows": Format.ARROW,
    ".feather": Format.ARROW,
}

#: What each is called in messages.
SPOKEN: Mapping[Format, str] = {
    Format.CSV: "CSV",
    Format.PARQUET: "Parquet",
    Format.JSON_LINES: "JSON lines",
    Format.ARROW: "Arrow",
}

#: First bytes of binary formats; those of a stream are its continuation mark.
_MAGIC: Mapping[bytes, Format] = {b"PAR1": Format.PARQUET, b"ARROW1": Format.ARROW, b"\xff\xff\xff\xff": Format.ARROW}

#: How a row of JSON lines begins.
_JSON_OBJECT = re.compile(rb'\{\s*["}]')

#: First bytes of a text in UTF-16.
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")

#: Control characters that no text has.
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def tell_format(head: bytes, *, media_type: str = "", name: str = "") -> Format:
    """Return the format of a file that begins like this, sent as this media type under this name.

    `head` has the first `HEAD` bytes, or the whole file if it is shorter. Raises FileRefused where it is empty, of
    another format, or not what type or name say.
    """
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise FileRefused("The file is empty; send a header line and at least one row.")
    declared, by = _declared(media_type, name)
    found = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if found is None:
        _refuse_foreign(head)
        found = _text_format(head, declared)
    if declared is not None and found is not declared:
        spoken = SPOKEN[declared]
        raise FileRefused(f"The file {by}, but it looks like {_a(found)}, not like {spoken}; correct one of the two.")
    return found


def _declared(media_type: str, name: str) -> tuple[Format | None, str]:
    if media_type in BY_MEDIA_TYPE:
        return BY_MEDIA_TYPE[media_type], f"was sent as {media_type}"
    suffix = PurePath(name).suffix.lower()
    return BY_SUFFIX.get(suffix), f"has a name that ends with {suffix}"


def _refuse_foreign(head: bytes) -> None:
    foreign = foreign_format(head)
    if foreign is not None:
        raise FileRefused(
            f"The file looks like {foreign}, which can't be read; send CSV, Parquet, JSON lines or Arrow."
        )
    control = None if head.startswith(UTF_16_MARKS) else CONTROL.search(head)
    if control:
        raise not_a_text(head[: control.start()], lines_before=0, byte=control[0])


def not_a_text(before: bytes, *, lines_before: int, byte: bytes) -> FileRefused:
    """Return the refusal of a control character behind these bytes, which so many lines precede."""
    line = lines_before + before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    what = "a NUL byte" if byte == b"\0" else f"the control character 0x{byte.hex()}"
    message = f"Line {line} of the file holds {what} at column {column}, so it isn't a text; save it as CSV in UTF-8."
    return FileRefused(message, line=line, column=column)


def _text_format(head: bytes, declared: Format | None) -> Format:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _JSON_OBJECT.match(start):
        return Format.JSON_LINES
    # One line of JSON of another kind is told with its line by who reads it.
    return Format.JSON_LINES if declared is Format.JSON_LINES and start[:1] in b'{["-0123456789tfn' else Format.CSV


def _a(found: Format) -> str:
    return {Format.CSV: "a CSV or another text"}.get(
        found
    ) or f"{'an' if found is Format.ARROW else 'a'} {SPOKEN[found]} file"
