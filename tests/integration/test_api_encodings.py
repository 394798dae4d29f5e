"""Content codings over HTTP: compressed answers for who takes them, and compressed bodies of requests."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson
import pytest
import zstandard
from flask import Flask, Response
from flask.testing import FlaskClient
from walking import hand_in, outcome, poll, slug, succeeded
from werkzeug.test import TestResponse

from app import encodings
from app.encodings import register_encodings
from app.factory import create_app
from app.turns import TURN
from jobs.leases import Leases
from jobs.settings import Settings

RUN = "/analysis/double/run"
BODY = b'{"params": {"number": 1}}'

#: A result that is worth compressing.
LARGE = orjson.dumps({"numbers": [*range(1000)]})

DECODED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}

ENCODED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
    "identity, gzip": gzip.compress,
}


def taking(accepted: str | None, **headers: str) -> dict[str, str]:
    return headers if accepted is None else {"Accept-Encoding": accepted, **headers}


def send(client: FlaskClient, body: bytes, coding: str, **options: object) -> TestResponse:
    kind = {"content_type": "application/json", **options}
    return client.post(RUN, data=body, headers={"Content-Encoding": coding}, **kind)


@pytest.fixture
def large(client: FlaskClient, leases: Leases) -> str:
    """The id of a job with a result that is worth compressing."""
    return succeeded(client, leases, LARGE)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_result_is_compressed_for_who_takes_it(client: FlaskClient, large: str, coding: str) -> None:
    answer = outcome(client, large, headers=taking(coding))
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == (coding, "Accept-Encoding")
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(LARGE)
    assert DECODED[coding](answer.data) == LARGE


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, None),
        ("", None),
        ("br", None),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, zstd;q=0.9", "gzip"),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=0", None),
        ("gzip;q=0, *", "zstd"),
        ("*", "zstd"),
        ("*;q=0", None),
        ("identity;q=0", None),
        ("identity;q=0, gzip;q=0.001", "gzip"),
        ("X-GZIP", "gzip"),
        ("gzip;q=7", None),
        (";;q,=,", None),
    ],
)
def test_the_coding_is_the_one_that_the_client_prefers(
    client: FlaskClient, large: str, accepted: str | None, coding: str | None
) -> None:
    answer = outcome(client, large, headers=taking(accepted))
    assert (answer.status_code, answer.headers.get("Content-Encoding")) == (200, coding)
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_a_small_answer_is_sent_as_it_is(client: FlaskClient, leases: Leases) -> None:
    answer = outcome(client, succeeded(client, leases), headers=taking("gzip, zstd"))
    assert (answer.data, "Content-Encoding" in answer.headers, "Vary" in answer.headers) == (
        b'{"doubled":2}',
        False,
        False,
    )


def test_a_small_answer_is_compressed_for_who_takes_nothing_else(client: FlaskClient, leases: Leases) -> None:
    answer = outcome(client, succeeded(client, leases), headers=taking("gzip, identity;q=0"))
    assert (answer.headers["Content-Encoding"], gzip.decompress(answer.data)) == ("gzip", b'{"doubled":2}')


def test_a_poll_is_sent_as_it_is(client: FlaskClient) -> None:
    answer = poll(client, hand_in(client))
    assert answer.status_code == 202
    assert "Content-Encoding" not in answer.headers


def test_the_catalog_is_compressed_too(client: FlaskClient) -> None:
    plain = client.get("/openapi.json").data
    answer = client.get("/openapi.json", headers=taking("zstd"))
    assert (answer.headers["Content-Encoding"], DECODED["zstd"](answer.data)) == ("zstd", plain)


@pytest.mark.parametrize("coding", ["gzip", "zstd", "identity"])
def test_head_has_the_headers_of_get(client: FlaskClient, large: str, coding: str) -> None:
    got = outcome(client, large, headers=taking(coding))
    head = client.head(f"/resource/{large}/result", headers=taking(coding))
    names = ("Content-Encoding", "Content-Length", "Content-Type", "ETag", "Vary")
    assert head.data == b""
    assert [head.headers.get(name) for name in names] == [got.headers.get(name) for name in names]


def test_each_coding_has_an_entity_tag_of_its_own(client: FlaskClient, large: str) -> None:
    tags = [outcome(client, large, headers=taking(coding)).get_etag() for coding in ("identity", "gzip", "zstd")]
    plain = tags[0][0]
    assert tags == [(plain, False), (f"{plain}-gzip", False), (f"{plain}-zstd", False)]


@pytest.mark.parametrize("suffix", ["", "-gzip", "-zstd"])
@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', '"other", "{}"'])
@pytest.mark.parametrize("accepted", [None, "gzip, zstd"])
def test_what_the_client_has_in_any_coding_is_not_sent_again(
    client: FlaskClient, large: str, suffix: str, form: str, accepted: str | None
) -> None:
    tag = outcome(client, large).get_etag()[0] + suffix
    answer = outcome(client, large, headers=taking(accepted, **{"If-None-Match": form.format(tag)}))
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", f'"{tag}"')
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert not {"Content-Encoding", "Content-Length", "Content-Type"} & {*answer.headers.keys()}


def test_a_star_is_answered_by_304(client: FlaskClient, large: str) -> None:
    answer = outcome(client, large, headers=taking("gzip", **{"If-None-Match": "*"}))
    assert (answer.status_code, answer.data) == (304, b"")


def test_what_the_client_has_in_a_coding_that_it_refuses_is_sent(client: FlaskClient, large: str) -> None:
    tag = outcome(client, large).get_etag()[0]
    answer = outcome(client, large, headers=taking("gzip", **{"If-None-Match": f'"{tag}-zstd"'}))
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "gzip")


def test_a_large_answer_is_compressed_in_turns(
    client: FlaskClient, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[None] = []
    monkeypatch.setattr(encodings, "give_way", lambda: turns.append(None))
    large = b'"' + b"x" * (4 * TURN) + b'"'
    answer = outcome(client, succeeded(client, leases, large), headers=taking("gzip"))
    assert (gzip.decompress(answer.data), len(turns)) == (large, 4)


TEXT = b"word " * 1000


def _streamed() -> Iterator[bytes]:
    yield TEXT


UNTOUCHED: dict[str, Callable[[], Response]] = {
    "a stream": lambda: Response(_streamed(), mimetype="application/json"),
    "events": lambda: Response(TEXT, mimetype="text/event-stream"),
    "a picture": lambda: Response(TEXT, mimetype="image/png"),
    "a part": lambda: Response(TEXT, status=206, mimetype="text/plain"),
    "what has a coding": lambda: Response(TEXT, mimetype="text/plain", headers={"Content-Encoding": "br"}),
    "what must stay": lambda: Response(TEXT, mimetype="text/plain", headers={"Cache-Control": "no-transform"}),
    "a file": lambda: Response(TEXT, mimetype="text/plain", direct_passthrough=True),
}


@pytest.mark.parametrize("made", UNTOUCHED.values(), ids=UNTOUCHED.keys())
def test_what_is_not_to_be_compressed_stays_as_it_is(made: Callable[[], Response]) -> None:
    app = Flask("encodings")
    app.add_url_rule("/", view_func=made)
    register_encodings(app)
    usual = app.test_client().get("/")
    answer = app.test_client().get("/", headers=taking("gzip"))
    assert (answer.data, {*answer.headers}) == (TEXT, {*usual.headers})


def test_a_weak_entity_tag_stays_as_it_is() -> None:
    app = Flask("encodings")
    app.add_url_rule("/", view_func=lambda: Response(TEXT, mimetype="text/plain", headers={"ETag": 'W/"a"'}))
    register_encodings(app)
    answer = app.test_client().get("/", headers=taking("gzip"))
    assert (answer.headers["Content-Encoding"], answer.headers["ETag"]) == ("gzip", 'W/"a"')


@pytest.mark.parametrize("coding", ENCODED)
def test_a_compressed_body_is_read(client: FlaskClient, coding: str) -> None:
    assert send(client, ENCODED[coding](BODY), coding).status_code == 202


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_in_several_parts_of_its_coding_is_one(client: FlaskClient, coding: str) -> None:
    encode = ENCODED[coding]
    assert send(client, encode(BODY[:9]) + encode(b"") + encode(BODY[9:]), coding).status_code == 202


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_compressed_form_is_read(client: FlaskClient, coding: str) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="params"\r\n\r\n{"number": 3}\r\n--b--\r\n'
    answer = send(client, ENCODED[coding](body), coding, content_type="multipart/form-data; boundary=b")
    assert answer.status_code == 202


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_compressed_body_of_just_the_size_is_read(client: FlaskClient, coding: str) -> None:
    body = BODY + b" " * (200_000 - len(BODY))
    assert send(client, ENCODED[coding](body), coding).status_code == 202


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [200_001, 50_000_000])
def test_a_body_that_grows_too_large_is_413(client: FlaskClient, coding: str, size: int) -> None:
    answer = send(client, ENCODED[coding](b" " * size), coding)
    assert (answer.status_code, slug(answer)) == (413, "body-too-large")


BROKEN: dict[str, tuple[str, bytes]] = {
    "gzip that ends early": ("gzip", gzip.compress(BODY)[:-3]),
    "gzip that is empty": ("gzip", b""),
    "gzip that is none": ("gzip", BODY),
    "gzip with another sum": ("gzip", gzip.compress(BODY)[:-8] + bytes(8)),
    "gzip with more behind": ("gzip", gzip.compress(BODY) + b"more"),
    "zlib instead of gzip": ("gzip", zlib.compress(BODY)),
    "zstd that ends early": ("zstd", zstandard.compress(BODY)[:-3]),
    "zstd that is none": ("zstd", BODY),
    "zstd with more behind": ("zstd", zstandard.compress(BODY) + b"more"),
    "zstd that needs a huge window": ("zstd", bytes.fromhex("28b52ffd00a0") + bytes(20)),
    "no JSON inside": ("gzip", gzip.compress(b"{")),
}


@pytest.mark.parametrize(("coding", "body"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_compressed_body_is_400(client: FlaskClient, coding: str, body: bytes) -> None:
    answer = send(client, body, coding)
    assert (answer.status_code, slug(answer)) == (400, "malformed-body")


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, zstd", "gzip, gzip", "no such coding", "gzip;q=1"])
def test_another_coding_is_415_and_says_what_is_taken(client: FlaskClient, coding: str) -> None:
    answer = send(client, gzip.compress(BODY), coding)
    assert (answer.status_code, slug(answer)) == (415, "unsupported-media-type")
    assert (answer.headers["Accept-Encoding"], "Accept-Post" in answer.headers) == ("gzip, zstd", False)


def test_a_long_compressed_table_reaches_the_worker(api_settings: Settings) -> None:
    app = create_app(replace(api_settings, max_body=8 * 2**20))
    rows = [{"a": number, "b": f"text {number}"} for number in range(50_000)]
    body = zstandard.compress(orjson.dumps({"data": {"records": rows}}))
    answer = app.test_client().post(
        "/analysis/describe/run", data=body, content_type="application/json", headers={"Content-Encoding": "zstd"}
    )
    assert answer.status_code == 202
    store = app.extensions["coatcheck"].store
    packed = store.input_of(store.find(answer.json["id"]))
    assert packed.partition(b"\n")[2] == orjson.dumps(rows)
    store.redis.close()


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("/analysis/double/run", "application/json, multipart/form-data"),
        ("/analysis/double/batch", "application/json"),
        ("/webhooks/enable", "application/json"),
    ],
)
def test_options_tells_what_bodies_are_taken(client: FlaskClient, path: str, taken: str) -> None:
    answer = client.options(path)
    assert (answer.status_code, answer.data, set(answer.allow)) == (200, b"", {"OPTIONS", "POST"})
    assert (answer.headers["Accept-Post"], answer.headers["Accept-Encoding"]) == (taken, "gzip, zstd")
    assert "Content-Type" not in answer.headers


def test_options_of_what_takes_no_body_tells_the_methods_only(client: FlaskClient) -> None:
    answer = client.options("/analysis")
    assert (answer.status_code, set(answer.allow)) == (200, {"GET", "HEAD", "OPTIONS"})
    assert not {"Accept-Post", "Accept-Encoding"} & {*answer.headers.keys()}


def test_head_answers_like_get_at_every_url(client: FlaskClient, large: str) -> None:
    """But without a body; what differs from one request to the next aside."""
    paths = [
        rule.rule.replace("<name>", "describe").replace("<job_id>", large).replace("<slug>", "no-such-job")
        for rule in client.application.url_map.iter_rules()
        # The figures change with every request that is answered.
        if "GET" in (rule.methods or set()) and rule.rule != "/metrics"
    ]
    # A page with a nonce has another one each time.
    passing = ("X-Request-ID", "Date", "Set-Cookie", "Content-Security-Policy")
    for path in paths:
        got, head = client.get(path), client.head(path)
        assert head.status_code == got.status_code, path
        assert head.data == b"", path
        assert sorted(pair for pair in head.headers if pair[0] not in passing) == sorted(
            pair for pair in got.headers if pair[0] not in passing
        ), path
