"""What a file is that can't be read as a table, told by its first bytes, so that the refusal can say it."""

import re

#: First bytes of files that people send by mistake, and what to call them.
SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"(\xb5/\xfd", "a Zstandard archive"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89HDF", "an HDF5 file"),
    (b"Obj\x01", "an Avro file"),
    (b"FEA1", "a Feather file of the first version"),
    (b"SQLite format 3", "an SQLite database"),
)
#: How texts begin that are no tables.
TEXT_STARTS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\[\s*(?:[\[{]|$)"), "a JSON list (which goes as `records` into a JSON body)"),
    (re.compile(rb"<[!?a-zA-Z]"), "HTML or XML"),
)


def foreign_format(head: bytes) -> str | None:
    """Return what a file that begins like this is, with its article; None for what may be a table."""
    if head.startswith(b"PK\x03\x04"):
        return "an Excel workbook (.xlsx)" if b"xl/" in head else "a ZIP archive"
    for signature, name in SIGNATURES:
        if head.startswith(signature):
            return name
    start = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((name for pattern, name in TEXT_STARTS if pattern.match(start)), None)
