"""What is logged of a payload: no secret that can be known as one, and not more than is worth reading."""

import json
import time

import pytest

from jobs.masking import LONGEST, LONGEST_LINE, MASK, MOST, masked, masked_bytes

KEY = "ck_abcdefghijkl_" + "a" * 43


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "PASSWORD",
        "db_password",
        "api_key",
        "apiKey",
        "access_token",
        "clientSecret",
        "Authorization",
        "cookie",
    ],
)
def test_what_is_called_a_secret_is_masked_whatever_it_is(name: str) -> None:
    for value in ("x", 5, ["x"], {"a": "x"}):
        assert json.loads(masked({"params": [{name: value}]})) == {"params": [{name: MASK}]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"the key {KEY}.", "the key ***."),
        ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "***"),
        ("Bearer abc.def-ghi", "***"),
        ("https://ann:pass@example.org/x", "https://***@example.org/x"),
        ("https://example.org/x?a=1&access_token=abc&b=2", "https://example.org/x?a=1&access_token=***&b=2"),
        ("https://s3.example.org/b?X-Amz-Signature=abc", "https://s3.example.org/b?X-Amz-Signature=***"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "***"),
    ],
)
def test_a_text_that_is_a_secret_is_masked_wherever_it_stands(text: str, shown: str) -> None:
    assert json.loads(masked({"note": [text]})) == {"note": [shown]}


@pytest.mark.parametrize(
    "value", ["keyboard", "a sentence about tokens", "https://example.org/x?a=1", 5, 1.5, None, True]
)
def test_what_is_no_secret_is_shown(value: object) -> None:
    assert json.loads(masked({"value": value})) == {"value": value}


def test_what_is_long_is_cut_and_its_length_told() -> None:
    shown = json.loads(
        masked({"text": "x" * 1000, "list": list(range(1000)), "object": {str(n): n for n in range(100)}})
    )
    assert shown["text"] == "x" * LONGEST + "... 1000 characters"
    assert shown["list"] == [*range(MOST), "... 1000 in all"]
    assert len(shown["object"]) == MOST + 1
    assert len(masked([["x" * 1000] * 100] * 100)) < LONGEST_LINE + 100


def test_a_secret_at_the_cut_is_not_shown_in_part() -> None:
    assert "ck_" not in masked({"text": "x" * (LONGEST - 10) + " " + KEY})


def test_what_is_nested_deeply_is_not_followed() -> None:
    deep: object = "end"
    for _ in range(5000):
        deep = [deep]
    assert "end" not in masked(deep)


@pytest.mark.parametrize("value", [2**70, float("nan"), "\ud800", b"bytes", {1: 2}])
def test_what_json_can_not_say_is_told_all_the_same(value: object) -> None:
    assert masked({"value": value}).encode()


def test_of_what_is_no_json_the_length_is_told() -> None:
    assert (masked_bytes(b'{"token": "x"}'), masked_bytes(b"\x00\x01")) == ('{"token": "***"}', "2 bytes")


@pytest.mark.parametrize("part", ["a-", "key", "sig-", "key.key", "eyJ-", "?a."])
def test_no_text_keeps_it_busy(part: str) -> None:
    began = time.process_time()
    masked([part * 5000] * MOST)
    # It takes some milliseconds each at most.
    assert time.process_time() - began < 2
