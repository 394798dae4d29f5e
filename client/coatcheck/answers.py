"""What an answer says: its JSON object, its problem, how long to wait, and what a newcomer should see of it."""

from typing import cast

import httpx

from coatcheck.errors import UnexpectedAnswer
from coatcheck.walk import Exchange

#: The pause between two questions if the server names none, seconds.
PAUSE = 1.0


def document_of(answer: httpx.Response) -> dict[str, object]:
    """The JSON object of an answer.

    Raises:
        UnexpectedAnswer: it has none.

    """
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise UnexpectedAnswer(f"{answer.request.url} answered {answer.status_code} without a JSON object.")
    return cast("dict[str, object]", document)


def problem_of(answer: httpx.Response) -> dict[str, object]:
    """The problem document; a proxy's error page has none."""
    try:
        return document_of(answer)
    except UnexpectedAnswer:
        return {"title": f"{answer.status_code} {answer.reason_phrase}"}


def retry_after_of(answer: httpx.Response) -> float:
    """How long the server asks to wait before the next question, seconds."""
    try:
        return max(0.0, float(answer.headers.get("retry-after") or PAUSE))
    except ValueError:
        return PAUSE


def link_of(document: object, name: str) -> str:
    """A link of a document, "" where it has none of that name."""
    links = document.get("links") if isinstance(document, dict) else None
    return str(links.get(name, "")) if isinstance(links, dict) else ""


def exchange_of(answer: httpx.Response) -> Exchange:
    """The request and its answer in short."""
    return Exchange(
        method=answer.request.method,
        path=answer.request.url.path,
        status=answer.status_code,
        location=answer.headers.get("location", ""),
        retry_after=answer.headers.get("retry-after", ""),
    )
