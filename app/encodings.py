"""The content codings of answers: which one a client gets, and the coding itself.

Source: https://www.rfc-editor.org/rfc/rfc9110#section-8.4 and #section-12.5.3
"""

import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header
from zstandard import ZstdCompressor

from app.turns import TURN, give_way

#: Bodies below it are not worth the work, bytes.
LEAST = 2048

#: No coding at all.
IDENTITY = "identity"

#: What a body may be that gets shorter; pictures and archives don't.
_SHRINKING = frozenset({"application/json", "application/javascript", "application/xml", "image/svg+xml"})

#: Statuses of answers with a part of the body or none.
_NOT_WHOLE = frozenset({204, 206, 304})

#: zlib's level: a fifth larger than its usual 6, in half the time.
_GZIP_LEVEL = 4


class _Encoder(Protocol):
    def compress(self, data: "bytes | memoryview", /) -> bytes: ...

    def flush(self) -> bytes: ...


#: The codings by their names, the preferred one first: zstd is quicker than gzip by far, and its bodies are smaller.
#: Each takes the size of the body.
CODINGS: dict[str, Callable[[int], _Encoder]] = {
    "zstd": lambda size: ZstdCompressor().compressobj(size=size),
    "gzip": lambda _: zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS),
}


def register_encodings(app: Flask) -> None:
    """Compresses answers for those who take it, and knows their entity tags again."""
    app.after_request(_encode)


def _encode(response: Response) -> Response:
    size = response.content_length
    if size is None or not _is_worth_it(size) or not _may_be_encoded(response):
        return _varying(response) if response.status_code == 304 else response
    codings = _codings_taken()
    known = _tag_known(response, codings)
    if known:
        _take_back(response, known)
    elif codings and codings[0] != IDENTITY:
        _compress(response, codings[0])
    return _varying(response)


def _is_worth_it(size: int) -> bool:
    """Whether a body is compressed for who takes that; a small one only for who takes nothing else."""
    if size >= LEAST:
        return True
    said = request.headers.get("Accept-Encoding", "")
    return "q=0" in said and IDENTITY not in _ranked(said)


def _codings_taken() -> tuple[str, ...]:
    """The codings in which this client takes an answer, the best first; ``identity`` is one unless it is refused."""
    header = request.headers.get("Accept-Encoding")
    # Who says nothing takes anything; but not everybody who says nothing can.
    return (IDENTITY, *CODINGS) if header is None else _ranked(header)


@lru_cache(maxsize=256)
def _ranked(header: str) -> tuple[str, ...]:
    said = parse_accept_header(header.lower().replace("x-gzip", "gzip"), Accept)
    weights = {coding: said.quality(coding) for coding in CODINGS}
    # Not named, it is taken, but as the last.
    named = said.find(IDENTITY) >= 0 or said.find("*") >= 0
    weights[IDENTITY] = said.quality(IDENTITY) if named else 0.0001
    return tuple(sorted((coding for coding in weights if weights[coding] > 0), key=lambda coding: -weights[coding]))


def _may_be_encoded(response: Response) -> bool:
    """Not what is streamed, sent as a file, only a part, or nothing; nor what has a coding already."""
    whole = response.is_sequence and not response.direct_passthrough and response.status_code not in _NOT_WHOLE
    if not whole or "Content-Encoding" in response.headers or response.cache_control.no_transform:
        return False
    kind = response.mimetype or ""
    if kind == "text/event-stream":
        return False
    return kind in _SHRINKING or kind.endswith("+json") or kind.startswith("text/")


def _tag_known(response: Response, codings: tuple[str, ...]) -> str:
    """The entity tag by which the client has this already, in a coding that it takes; "" if it has not."""
    etag, weak = response.get_etag()
    if not etag or weak or response.status_code != 200 or request.method not in ("GET", "HEAD"):
        return ""
    tags = (_tagged(etag, coding) for coding in codings)
    return next(filter(request.if_none_match.contains_weak, tags), "")


def _take_back(response: Response, tag: str) -> None:
    response.status_code = 304
    response.set_data(b"")
    response.set_etag(tag)


def _compress(response: Response, coding: str) -> None:
    etag, weak = response.get_etag()
    if etag and not weak:
        response.set_etag(_tagged(etag, coding))
    body = response.get_data()
    response.set_data(_compressed(body, CODINGS[coding](len(body))))
    response.headers["Content-Encoding"] = coding


def _tagged(etag: str, coding: str) -> str:
    """A strong tag stands for one coding only (RFC 9110, section 8.8.3.3)."""
    return etag if coding == IDENTITY else f"{etag}-{coding}"


def _varying(response: Response) -> Response:
    response.vary.add("Accept-Encoding")
    return response


def _compressed(body: bytes, encoder: _Encoder) -> bytes:
    """In slices, between which other requests have a turn; a result may have many megabytes."""
    slices = [memoryview(body)[at : at + TURN] for at in range(0, len(body), TURN)]
    parts = []
    for slice_ in slices[:-1]:
        parts.append(encoder.compress(slice_))
        give_way()
    return b"".join([*parts, *map(encoder.compress, slices[-1:]), encoder.flush()])
