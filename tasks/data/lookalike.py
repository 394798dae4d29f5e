"""What an uploaded file is when it isn't a CSV, told by its first bytes, so that the refusal can say it."""

import re

from tasks.errors import AnalysisError

#: First bytes of files that people send by mistake, and what to call them.
SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"(\xb5/\xfd", "a Zstandard archive"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89HDF", "an HDF5 file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
#: How texts begin that are no tables.
TEXT_STARTS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb'\{\s*"|\[\s*[\[{]'), "JSON (which goes as `records` or `columns` into a JSON body)"),
    (re.compile(rb"<[!?a-zA-Z]"), "HTML or XML"),
)


def refuse_other_formats(raw: bytes) -> None:
    """Raise tasks.errors.AnalysisError if the bytes are empty or look like something other than a CSV."""
    if not raw.strip(b"\xef\xbb\xbf \t\r\n"):
        raise AnalysisError("The file is empty; send a header line and at least one row.")
    found = _format_of(raw)
    if found:
        raise AnalysisError(f"The file looks like {found}, not like a CSV; save it as CSV in UTF-8 and send it again.")
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise AnalysisError(f"Line {line} of the file holds a NUL byte, so it isn't a CSV; save it as CSV in UTF-8.")


def _format_of(raw: bytes) -> str | None:
    if raw.startswith(b"PK\x03\x04"):
        return "an Excel workbook (.xlsx)" if b"xl/" in raw[:65536] + raw[-65536:] else "a ZIP archive"
    start = raw[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    for signature, name in SIGNATURES:
        if raw.startswith(signature):
            return name
    return next((name for pattern, name in TEXT_STARTS if pattern.match(start)), None)
