"""Conditional requests: what a client has already is not sent again, and of a file only the part that it asks for.

Source: https://www.rfc-editor.org/rfc/rfc9110#section-13 and #section-14
"""

import re

from flask import Request, Response

#: One range of bytes: from the first to the last (or to the end), or so many at the end.
_RANGE = re.compile(r"bytes=[ \t]*(?:([0-9]{1,18})-([0-9]{0,18})|-[0-9]{1,18})[ \t]*", re.IGNORECASE)

#: Conditions for changing something. Nothing is changed here, and werkzeug answers them with a 412 that is no problem.
_FOR_CHANGES = frozenset({"HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE"})


def answer_by_condition(answer: Response, request: Request, *, length: int | None = None) -> Response:
    """The answer, or only that the client has it already (304); with its ``length`` in bytes, the part of it that is
    asked for (206).

    Several ranges, and what is no range of bytes, are ignored.

    Raises:
        werkzeug.exceptions.RequestedRangeNotSatisfiable: there is no such part.

    """
    kept = {name: value for name, value in request.environ.items() if name not in _FOR_CHANGES}
    if length is None or not _is_one_range(request.headers.get("Range", "")):
        kept.pop("HTTP_RANGE", None)
    answer.make_conditional(kept, accept_ranges=length is not None, complete_length=length)
    if answer.status_code == 304:
        # Nobody reads the file that was opened for it.
        answer.close()
    return answer


def _is_one_range(asked: str) -> bool:
    found = _RANGE.fullmatch(asked)
    return found is not None and (not found[2] or int(found[1]) <= int(found[2]))
