"""What a file that an analysis attaches may be called, and of which media type it may be."""

import re

#: What the name of a file may be; it stands in URLs, and people save the file under it.
FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
#: What a media type may be (RFC 6838, without parameters but a charset).
MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}(; ?charset=[A-Za-z0-9_-]{1,40})?")


def check_file(name: str, *, media_type: str) -> None:
    """Raise ValueError for a name or a media type that can't be one."""
    if not FILE_NAME.fullmatch(name):
        raise ValueError(
            f"the name of a file is 1 to 100 of A-Z a-z 0-9 _ - . and begins with no dot, not {name[:100]!r}"
        )
    if not MEDIA_TYPE.fullmatch(media_type):
        raise ValueError(f"{media_type[:100]!r} is no media type")
