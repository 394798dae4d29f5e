"""A long JSON body is read in slices as if it were read whole, wherever it is cut."""

import json
import re
from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from app.problems import Problem
from app.submitting import json_text
from app.submitting.long_json import MOST_BESIDE, MOST_ITEMS, MOST_MEMBERS, read_long
from app.submitting.strict_json import BadJson, parse
from app.turns import TURN
from tasks.data.json_table import Columns, Records, pack_columns, pack_records

PACKED = {"records": pack_records, "columns": pack_columns}

TEXTS = st.text(
    st.sampled_from('ab\\"{}[],:é😀 \n') | st.characters(codec="utf-8", exclude_characters="\0"), max_size=8
)
CELLS = st.none() | st.booleans() | st.integers(-9, 10**18) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
NAMES = st.text(st.sampled_from('ab\\"{}[],:é'), max_size=3)
ROWS = st.lists(st.dictionaries(NAMES, CELLS, max_size=4), max_size=6)
ODD_ROWS = st.lists(st.dictionaries(NAMES, CELLS | st.lists(CELLS, max_size=2), max_size=3) | CELLS, max_size=4)
COLUMNS = st.dictionaries(NAMES, st.lists(CELLS, max_size=6) | CELLS, max_size=4)
DATA = (
    st.builds(lambda rows: {"records": rows}, ROWS | ODD_ROWS | CELLS)
    | st.builds(lambda columns: {"columns": columns}, COLUMNS | CELLS)
    | st.builds(lambda rows, columns: {"records": rows, "columns": columns}, ROWS, COLUMNS)
    | st.dictionaries(NAMES, CELLS)
    | CELLS
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "data": DATA,
        "params": st.dictionaries(NAMES, ROWS | CELLS, max_size=3),
        "items": st.lists(st.fixed_dictionaries({}, optional={"data": DATA, "label": TEXTS}) | CELLS, max_size=3),
        "label": TEXTS,
    },
)
SPELLINGS = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])


def cut(raw: bytes, size: int) -> Iterator[bytes]:
    return iter([raw[at : at + size] for at in range(0, len(raw), size)])


def plain(member: object) -> object:
    """What is read in slices as what it would be whole, and any table as what becomes of it."""
    if isinstance(member, list):
        return [plain(each) for each in member]
    if not isinstance(member, dict):
        return member
    return {name: outcome(name, value) if name in PACKED else plain(value) for name, value in member.items()}


def outcome(name: str, table: object) -> object:
    try:
        return orjson.loads(PACKED[name](table))
    except ValidationError as error:
        return error.messages


@given(BODIES, SPELLINGS, st.integers(1, 40))
def test_a_body_read_in_slices_says_the_same_as_a_whole_one(
    body: dict[str, object], how: dict[str, object], size: int
) -> None:
    raw = json.dumps(body, **how).encode()
    assert plain(read_long(cut(raw, size))) == plain(parse(raw))


@given(BODIES, SPELLINGS, st.integers(1, 40), st.data())
def test_what_is_no_json_is_refused_in_slices_too(
    body: dict[str, object], how: dict[str, object], size: int, data: st.DataObject
) -> None:
    raw = json.dumps(body, **how).encode()
    at = data.draw(st.integers(0, len(raw)))
    other = data.draw(
        st.sampled_from([b"", b",", b":", b'"', b"[", b"]", b"{", b"}", b"\\", b"1", b"\xff", b"\0", b" "])
    )
    changed = raw[:at] + other + raw[at + data.draw(st.integers(0, 1)) :]
    try:
        whole = parse(changed)
    except BadJson:
        with pytest.raises(Problem):
            read_long(cut(changed, size))
        return
    assert plain(read_long(cut(changed, size))) == plain(whole)


REFUSED = {
    "nothing": "",
    "no object": "[1]",
    "a text": '"x"',
    "a member twice": '{"label": 1, "label": 2}',
    "a member of data twice": '{"data": {"records": [{}], "records": [{}]}}',
    "a column twice": '{"data": {"columns": {"a": [1], "a": [2]}}}',
    "a key of a row twice": '{"data": {"records": [{"a": 1, "b": 2, "a": 3}]}}',
    "a key of an item twice": '{"items": [{"label": 1, "label": 2}]}',
    "more behind": "{} {}",
    "no comma": '{"data": {"records": [{} {}]}}',
    "a comma at the end of a list": '{"data": {"records": [{},]}}',
    "a comma at the end of a column": '{"data": {"columns": {"a": [1,]}}}',
    "a comma at the end of an object": '{"label": 1,}',
    "a comma at the beginning": '{"data": {"records": [,{}]}}',
    "a name that is none": "{1: 2}",
    "a row that does not end": '{"data": {"records": [{"a": 1}',
    "a text that does not end": '{"data": {"columns": {"a": ["x',
    "a NUL in a cell": '{"data": {"records": [{"a": "\\u0000"}]}}',
    "a long number in a cell": '{"data": {"records": [{"a": 12345678901234567890123}]}}',
    "bytes that are no UTF-8": b'{"data": {"records": [{"a": "\xff"}]}}',
    "deep brackets": '{"data": {"records": ' + "[" * 300,
    "brackets that end": '{"data": {"records": ' + "[" * 300 + "]" * 300 + "}}",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_malformed_body_is_refused(body: "str | bytes", size: int) -> None:
    raw = body if isinstance(body, bytes) else body.encode()
    with pytest.raises(Problem) as refusal:
        read_long(cut(raw, size))
    assert refusal.value.slug == "malformed-body"


def test_the_place_of_a_mistake_is_told() -> None:
    raw = b'{"data": {"records": [' + b'{"a": 1},' * 100_000 + b"{oh}]}}"
    with pytest.raises(Problem, match="near byte") as refusal:
        read_long(cut(raw, TURN))
    assert abs(int(re.findall(r"byte (\d+)", refusal.value.detail)[0]) - raw.index(b"oh")) <= 1


LIMITS = {
    "a member": b'{"params": [' + b"0," * (json_text.LONGEST_VALUE // 2 + TURN) + b"0]}",
    "a row": b'{"data": {"records": [{"a": "' + b"x" * (json_text.LONGEST_VALUE + TURN) + b'"}]}}',
    "all members": b"{"
    + b",".join(b'"%d":"%s"' % (number, b"x" * 9000) for number in range(MOST_BESIDE // 9000 + 1))
    + b"}",
    "all names": b"{" + b",".join(b'"%d":1' % number for number in range(MOST_MEMBERS + 1)) + b"}",
    "all items": b'{"items": [' + b"{}," * MOST_ITEMS + b"{}]}",
}


@pytest.mark.parametrize("raw", LIMITS.values(), ids=LIMITS.keys())
def test_what_is_no_table_may_not_be_long(raw: bytes) -> None:
    with pytest.raises(Problem) as refusal:
        read_long(cut(raw, TURN))
    assert refusal.value.slug == "body-too-large"


def _endless(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece * (TURN // len(piece))


ENDLESS = {
    "rows that are none": (b'{"data": {"records": [', b"[],", "/data/records/0"),
    "rows that nest": (b'{"data": {"records": [', b'{"a":[]},', "/data/records/0/a"),
    "too many rows": (b'{"data": {"records": [', b"{},", "/data/records"),
    "too many names": (
        b'{"data": {"records": [',
        b"".join(b'{"%d":1},' % number for number in range(3000)),
        "/data/records",
    ),
    "cells that nest": (b'{"data": {"columns": {"a": [', b"{},", "/data/columns/a/0"),
    "too many cells": (b'{"data": {"columns": {"a": [', b"1,", "/data/columns"),
    "an item's rows that nest": (b'{"items": [{}, {"data": {"records": [', b'{"a":[]},', "/items/1/data/records/0/a"),
}


@pytest.mark.parametrize(("begin", "piece", "path"), ENDLESS.values(), ids=ENDLESS.keys())
def test_a_table_that_is_refused_anyway_is_read_no_further(begin: bytes, piece: bytes, path: str) -> None:
    def pieces() -> Iterator[bytes]:
        yield begin
        yield from _endless(piece)

    with pytest.raises(Problem) as refusal:
        read_long(pieces())
    errors = refusal.value.members["errors"]
    assert isinstance(errors, list)
    assert (refusal.value.slug, errors[0]["path"]) == ("invalid-request", path)


@pytest.mark.parametrize(
    "table", ['{"records": [{"a": 1}, {"a": ",{}"}, {}]}', '{"columns": {"a": [1, ",]", 3], "b": [4, 5, 6]}}']
)
def test_the_digest_of_a_table_is_the_same_however_it_came(table: str) -> None:
    raw = b'{"data": ' + table.encode() + b"}"
    digests = {_table(read_long(cut(raw, size))).digest for size in (1, 2, 5, 1000)}
    assert len(digests) == 1
    assert "" not in digests


def test_other_tables_have_other_digests() -> None:
    tables = [
        '{"records": [{"a": 1}, {"a": 2}]}',
        '{"records": [{"a": 2}, {"a": 1}]}',
        '{"records": [{"a": 12}]}',
        '{"columns": {"a": [1, 2]}}',
        '{"columns": {"a": [1], "b": [2]}}',
        '{"columns": {"b": [1, 2]}}',
    ]
    digests = [_table(read_long(iter([f'{{"data": {table}}}'.encode()]))).digest for table in tables]
    assert len(set(digests)) == len(tables)


def _table(members: dict[str, object]) -> "Records | Columns":
    data = members["data"]
    assert isinstance(data, dict)
    (table,) = data.values()
    assert isinstance(table, Records | Columns)
    return table
