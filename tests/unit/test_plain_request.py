"""Plain requests: they are read as gunicorn reads them, and whatever could be read otherwise is not plain."""

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.http.errors import ParseException
from gunicorn.http.wsgi import create
from hypothesis import given
from hypothesis import strategies as st

from app.serving.plain_request import LONGEST_HEAD, plain_head

GET = b"GET /queuedResource/1/status HTTP/1.1\r\nHost: example.org:8000\r\nAccept: */*\r\n\r\n"
POST = b"POST /analysis/add/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

PLAIN = {
    "a poll": GET,
    "a submission": POST,
    "a query": GET.replace(b"status", b"status?a=1&b=%20+'"),
    "a kept connection": GET.replace(b"Accept: */*", b"Connection: Keep-Alive"),
    "slashes": GET.replace(b"/queued", b"///queued"),
    "dots": GET.replace(b"/queuedResource", b"/../."),
    "a header without a space": GET.replace(b"Accept: */*", b"X-Request-ID:1"),
    "an empty header": GET.replace(b"*/*", b""),
    "spaces around": GET.replace(b"*/*", b"  a b  "),
    "a body that is no ASCII": POST.replace(b"{}", b"\xff\x00"),
    "a header of a proxy": GET.replace(b"Accept: */*", b"X-Forwarded-For: 10.0.0.1, 10.0.0.2"),
}

NOT_PLAIN = {
    "no bytes": b"",
    "half a head": GET[:-2],
    "another method": GET.replace(b"GET", b"PUT"),
    "a method in small letters": GET.replace(b"GET", b"get"),
    "a proxy's target": GET.replace(b"/queued", b"http://x/queued"),
    "an escape in the path": GET.replace(b"/1/", b"/%31/"),
    "an empty query": GET.replace(b"status", b"status?"),
    "a fragment": GET.replace(b"status", b"status#a"),
    "a fragment in the query": GET.replace(b"status", b"status?a#b"),
    "another version": GET.replace(b"1.1", b"1.0"),
    "no version": GET.replace(b" HTTP/1.1", b""),
    "two spaces": GET.replace(b" HTTP", b"  HTTP"),
    "bare line feeds": GET.replace(b"\r\n", b"\n"),
    "a line feed in a header": GET.replace(b"*/*", b"a\nb: c"),
    "a NUL in a header": GET.replace(b"*/*", b"a\0b"),
    "a tab in a header": GET.replace(b"*/*", b"a\tb"),
    "a header that is no ASCII": GET.replace(b"*/*", b"\xe4"),
    "a folded header": GET.replace(b"*/*", b"a\r\n b"),
    "a space before the colon": GET.replace(b"Accept:", b"Accept :"),
    "an underscore in a name": GET.replace(b"Accept", b"X_Accept"),
    "a line without a colon": GET.replace(b"Accept: */*", b"Accept"),
    "an empty name": GET.replace(b"Accept", b""),
    "no host": GET.replace(b"Host", b"Hosts"),
    "an empty host": GET.replace(b"example.org:8000", b""),
    "two hosts": GET.replace(b"Accept: */*", b"host: y"),
    "a header twice": GET.replace(b"Accept: */*", b"Accept: a\r\naccept: b"),
    "an end": GET.replace(b"Accept: */*", b"Connection: close"),
    "an upgrade": GET.replace(b"Accept: */*", b"Upgrade: h2c"),
    "chunks": POST.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked"),
    "chunks and a length": POST.replace(b"Host: x", b"Host: x\r\nTransfer-Encoding: chunked"),
    "an expectation": POST.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"),
    "two lengths": POST.replace(b"Host: x", b"Host: x\r\nContent-Length: 3"),
    "a signed length": POST.replace(b"Length: 2", b"Length: +2"),
    "a length with a comma": POST.replace(b"Length: 2", b"Length: 2, 2"),
    "a huge length": POST.replace(b"Length: 2", b"Length: 20000000000"),
    "no length": POST.replace(b"Content-Length: 2\r\n", b""),
    "a GET with a body": GET.replace(b"Accept: */*", b"Content-Length: 2"),
    "a long head": GET.replace(b"*/*", b"x" * LONGEST_HEAD),
    "many headers": GET.replace(b"Accept: */*", b"\r\n".join(b"a%d: b" % number for number in range(60))),
}


class _Sent:
    """A connection from which these bytes come, some at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def recv(self, size: int) -> bytes:
        piece, self._data = self._data[:size], self._data[size:]
        return piece


def read_by_gunicorn(data: bytes) -> tuple[dict[str, object], bytes]:
    """What gunicorn tells the application of the request, and its body."""
    config = Config()
    config.set("forwarded_allow_ips", "")
    request = next(get_parser(config, _Sent(data), ("127.0.0.1", 1)))
    environ = create(request, _Sent(b""), ("127.0.0.1", 1), ("127.0.0.1", 2), config)[1]
    told = {name: value for name, value in environ.items() if name.startswith(("HTTP_", "CONTENT_"))}
    told |= {name: environ[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "RAW_URI")}
    return told, request.body.read()


def read_here(data: bytes) -> tuple[dict[str, object], bytes] | None:
    """The same from the glance; None where the request is not plain."""
    head = plain_head(data)
    if head is None or len(data) != head.size + head.length:
        return None
    told = head.environ(data[head.size :])
    body = told.pop("wsgi.input")
    return told, body.read()  # type: ignore[attr-defined]


@pytest.mark.parametrize("data", PLAIN.values(), ids=PLAIN.keys())
def test_a_plain_request_is_read_as_gunicorn_reads_it(data: bytes) -> None:
    assert read_here(data) == read_by_gunicorn(data)


@pytest.mark.parametrize("data", NOT_PLAIN.values(), ids=NOT_PLAIN.keys())
def test_what_has_another_form_is_not_plain(data: bytes) -> None:
    assert plain_head(data) is None


def test_a_plain_head_may_come_before_its_body() -> None:
    head = plain_head(POST[:-2])
    assert head is not None
    assert (head.size, head.length) == (len(POST) - 2, 2)


#: Pieces from which requests are made that are nearly right.
PIECES = [
    *(b"GET", b"POST", b"get", b" ", b"  ", b"/a", b"/analysis/x/run", b"?q=1", b"%41", b"#", b"HTTP/1.1", b"HTTP/1.0"),
    *(b"\r\n", b"\r\n", b"\n", b"\r", b"Host: x", b"Host", b":", b"Content-Length: 2", b"Content-Length: 02", b"\t"),
    *(
        b"content-length:",
        b"Transfer-Encoding: chunked",
        b"Connection: keep-alive",
        b"X-A: b",
        b"X_A: b",
        b"{}",
        b"\xff",
    ),
]

#: Requests that are right but for one piece.
NEARLY = st.builds(
    lambda data, at, piece, cut: data[: at % len(data)] + piece + data[at % len(data) + cut :],
    st.sampled_from([GET, POST]),
    st.integers(0, 200),
    st.sampled_from(PIECES) | st.binary(max_size=3),
    st.integers(0, 3),
)


@given(data=NEARLY | st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join))
def test_whatever_is_plain_is_read_as_gunicorn_reads_it(data: bytes) -> None:
    here = read_here(data)
    if here is None:
        return
    try:
        assert here == read_by_gunicorn(data)
    except ParseException as error:
        pytest.fail(f"gunicorn refuses it: {error!r}")
