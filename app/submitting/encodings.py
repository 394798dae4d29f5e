"""The bytes of a request's body as they come: bounded, and freed of their content coding (RFC 9110, section 8.4)."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, Protocol

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from zstandard import ZstdDecompressor, ZstdError

from app.problems import Problem
from app.turns import TURN, give_way

#: The codings that a body may have, as RFC 7694 lets a server say it.
ACCEPTED_CODINGS = "gzip, zstd"

#: Largest window that a zstd frame may need, bytes: what RFC 9659 allows for HTTP.
_LARGEST_WINDOW = 8 * 2**20


class _Decoder(Protocol):
    """One gzip member or zstd frame."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


@dataclass(frozen=True)
class _Coding:
    start: Callable[[], _Decoder]
    #: Coded bytes that are decoded at once. What comes out is some 4 MB at most: deflate makes 1032 bytes of one, and
    #: zstd a block of 128 KiB of four.
    step: int


_GZIP = _Coding(partial(zlib.decompressobj, wbits=16 + zlib.MAX_WBITS), step=4096)
_ZSTD = _Coding(lambda: ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj(), step=128)
_CODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "zstd": _ZSTD}


def read_pieces(request: Request) -> Iterator[bytes]:
    """The body in pieces of some 64 KiB, decoded; between two of them the process' other requests have a turn.

    Raises:
        Problem: at once for a coding that is not taken; later for a body that ends early or is corrupt.
        werkzeug.exceptions.RequestEntityTooLarge: more comes than a body may have, or more comes out of it.

    """
    limit = request.max_content_length
    assert limit is not None  # noqa: S101 - set in the factory
    coding = _coding_of(request)
    _refuse_transfer_coding(request)
    sent = _received(request, limit=limit)
    return sent if coding is None else _gathered(_decoded(sent, coding, limit=limit))


def _coding_of(request: Request) -> _Coding | None:
    said = request.headers.get("Content-Encoding", "").lower().split(",")
    codings = [coding for part in said if (coding := part.strip()) not in ("", "identity")]
    if not codings:
        return None
    if len(codings) > 1:
        raise _unsupported("A body may be compressed once only.")
    if codings[0] not in _CODINGS:
        raise _unsupported(f"Content-Encoding {codings[0][:40]!r} is not taken; send {ACCEPTED_CODINGS} or none.")
    return _CODINGS[codings[0]]


def _refuse_transfer_coding(request: Request) -> None:
    # gunicorn undoes chunks, and lets through what else a body may be in.
    coding = request.headers.get("Transfer-Encoding", "chunked").lower()
    if coding != "chunked":
        raise Problem(
            "malformed-body", f"The body is in transfer coding {coding[:40]!r}; use Content-Encoding for that."
        )


def _unsupported(detail: str) -> Problem:
    # The header tells this from a 415 for the media type, which must not have it (RFC 7694, section 3).
    return Problem("unsupported-media-type", detail, headers={"Accept-Encoding": ACCEPTED_CODINGS})


def _received(request: Request, *, limit: int) -> Iterator[bytes]:
    # Not by `request.stream`: that refuses a body of just the limit without a length, and takes one that ends early.
    stream, declared = request.environ["wsgi.input"], request.content_length
    if declared is not None and declared > limit:
        raise RequestEntityTooLarge
    # One more than the limit shows that there is more. Where the server doesn't know the end, nothing was sent.
    endless = limit + 1 if request.environ.get("wsgi.input_terminated") else 0
    left = endless if declared is None else declared
    while left and (piece := _read(stream, min(left, TURN))):
        left -= len(piece)
        if declared is None and not left:
            raise RequestEntityTooLarge
        yield piece
        if left:
            give_way()
    if declared is not None and left:
        raise Problem("malformed-body", f"The body ended {left} bytes before its Content-Length.")


def _read(stream: IO[bytes], size: int) -> bytes:
    try:
        return stream.read(size)
    except OSError:
        # Whoever sends can't be waited for; should only its sending have ended, it can read this.
        raise Problem(
            "malformed-body", "The body ended before its last chunk.", headers={"Connection": "close"}
        ) from None


def _decoded(sent: Iterator[bytes], coding: _Coding, *, limit: int) -> Iterator[bytes]:
    decoder, size = coding.start(), 0
    for piece in sent:
        for at in range(0, len(piece), coding.step):
            rest = piece[at : at + coding.step]
            while rest:
                # Several of them in a row are one body.
                decoder = coding.start() if decoder.eof else decoder
                decoded, rest = _decode(decoder, rest)
                size += len(decoded)
                if size > limit:
                    raise RequestEntityTooLarge
                yield decoded
    if not decoder.eof:
        raise Problem("malformed-body", "The compressed body ends early.")


def _decode(decoder: _Decoder, coded: bytes) -> tuple[bytes, bytes]:
    try:
        return decoder.decompress(coded), decoder.unused_data
    except (zlib.error, ZstdError) as error:
        raise Problem("malformed-body", f"The body can't be decompressed: {error}.") from None


def _gathered(decoded: Iterator[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for piece in decoded:
        waiting += piece
        while len(waiting) >= TURN:
            yield bytes(waiting[:TURN])
            del waiting[:TURN]
            give_way()
    if waiting:
        yield bytes(waiting)
