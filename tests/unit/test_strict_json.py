"""Strict JSON: what orjson would take in silence is refused, and nothing else."""

import json
import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.submitting.strict_json import BadJson, parse

REFUSED: dict[str, tuple[str, str]] = {
    "a key twice": ('{"a": 1, "a": 1}', "'a' comes twice"),
    "a key twice, deep": ('[{"a": [{"b": {"c": 1, "d": 2, "c": 3}}]}]', "'c' comes twice"),
    "a key twice, once escaped": (r'{"a": 1, "\u0061": 2}', "'a' comes twice"),
    "a key twice behind an escaped colon": (r'{"a": "\u003a", "a": "\u003A"}', "'a' comes twice"),
    "a key twice with objects": ('{"a": {"b": 1}, "a": {"b": 1}}', "'a' comes twice"),
    "an empty key twice": ('{"": 1, "": 2}', "'' comes twice"),
    "a long key twice": ('{"' + "k" * 5000 + '": 1, "' + "k" * 5000 + '": 2}', "comes twice"),
    "an integer beyond 64 bits": ('{"a": 12345678901234567890123}', "12345678901234567890123 is beyond 64 bits"),
    "a negative one": ("[-9223372036854775809]", "-9223372036854775809 is beyond 64 bits"),
    "a huge integer": ("1" + "0" * 400, "infinity"),
    "an integer of 10,000 digits": ("9" * 10_000, "."),
    "a huge float": ("[1e400]", "infinity"),
    "NaN": ('{"a": NaN}', "."),
    "Infinity": ("[-Infinity]", "."),
    "a NUL": (r'{"a": "x\u0000"}', "NUL"),
    "a NUL in a key": (r'{"\u0000": 1}', "NUL"),
    "a NUL behind a backslash": (r'["\\\u0000"]', "NUL"),
    "half a surrogate": (r'["\ud800"]', "surrogate"),
    "the other half": (r'["\udc00x"]', "surrogate"),
    "255 levels": ("[" * 255 + "]" * 255, "levels"),
    "100,000 levels": ("[" * 100_000 + "]" * 100_000, "."),
    "100,000 objects": ('{"a":' * 100_000, "."),
    "a byte order mark": ("\ufeff{}", "BOM"),
    "two values": ("{} {}", "."),
    "a comma too many": ('{"a": [1,],}', "."),
    "a comment": ("{} // none", "."),
    "single quotes": ("{'a': 1}", "."),
    "a line break in a text": ('"a\nb"', "."),
    "nothing": ("", "."),
}

TAKEN = [
    '{"a": ":::", ":": {"a:": ":"}}',
    r'{"a": "\u003a", "b\u003A": "\\u003a"}',
    r'["\\u0000", "\\\\u0000"]',
    "[18446744073709551615, -9223372036854775808, 9007199254740993]",
    # What JavaScript writes for 1e20 and 1.2345678901234568e+20.
    "[100000000000000000000, 123456789012345680000]",
    "[18446744073709551616, -16619717902736780427264]",
    '["1234567890123456789012345", 0.12345678901234567890123]',
    '[{"a": 1}, {"a": 1}, {"A": 1, "a": 2}]',
    r'["\ud83d\ude00"]',
    "[" * 254 + "]" * 254,
    "1e-400",
]


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_strict_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadJson, match=reason) as refusal:
        parse(text.encode())
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("text", TAKEN, ids=lambda text: text[:20])
def test_what_is_strict_is_taken_as_orjson_takes_it(text: str) -> None:
    assert parse(text.encode()) == orjson.loads(text)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(BadJson):
        parse('{"é": "é"}'.encode(encoding))


def test_a_nul_is_told_by_its_place() -> None:
    with pytest.raises(BadJson) as refusal:
        parse(b'{\n "a": "\\\\\\u0000"}')
    assert refusal.value.place == {"line": 2, "column": 10}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # A backslash, a colon and digits as often as anything else.
    | st.text(st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(':\\"u003a19')),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.sampled_from('ab:\\"u03é')), inner),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_whatever_json_can_say_is_taken(value: object, ensure_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=ensure_ascii)
    assert parse(text.encode()) == json.loads(text)


@given(st.lists(st.tuples(st.text(st.sampled_from('a:\\"')), JSON), min_size=2), st.booleans())
def test_a_key_that_comes_twice_is_always_found(pairs: list[tuple[str, object]], ensure_ascii: bool) -> None:
    pairs.append((pairs[0][0], None))
    members = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=ensure_ascii)}" for name, value in pairs]
    with pytest.raises(BadJson, match="comes twice"):
        parse(("{" + ", ".join(members) + "}").encode())


def test_being_strict_costs_little() -> None:
    """A body of 1 KB: at most twice what the standard library's reader takes, which checks less."""
    body = orjson.dumps({"params": {f"option{number}": "x" * 20 for number in range(25)}, "label": "x" * 100})
    assert 900 < len(body) < 1200
    assert min(_cpu(lambda: parse(body)) for _ in range(5)) < 2 * min(_cpu(lambda: json.loads(body)) for _ in range(5))


def _cpu(run: "object") -> float:
    """CPU seconds of one run of many."""
    assert callable(run)
    began = time.process_time()
    for _ in range(1000):
        run()
    return (time.process_time() - began) / 1000
