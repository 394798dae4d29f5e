"""`Prefer`: what is sent to keep the parser busy costs no more than what is honest."""

import time

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from app.preferences import LONGEST_HEADER, wait_wanted

#: Texts that are dear to whoever looks ahead for the end of a quote, or takes spaces in more than one way.
CRAFTED = {
    "commas": ",",
    "spaces behind a name": "a ",
    "spaces around an equals sign": " = ",
    "quotes": '"',
    "quoted commas": '",',
    "backslashes": '"\\',
    "semicolons": "a;",
}


def asking(*preferences: str) -> Request:
    """A request with these ``Prefer`` headers."""
    return Request(EnvironBuilder(headers=[("Prefer", value) for value in preferences]).get_environ())


def cost(request: Request) -> float:
    """Seconds of this thread's processor, the least of several tries."""
    tries = []
    for _ in range(5):
        began = time.thread_time()
        wait_wanted(request)
        tries.append(time.thread_time() - began)
    return min(tries)


def filled(pattern: str, *, length: int) -> str:
    """The pattern again and again, with its first half stretched, and an end that matches nothing."""
    return (pattern[0] + pattern[-1] * (length // 2) + pattern * length)[: length - 1] + "\x7f"


@pytest.mark.parametrize("pattern", CRAFTED.values(), ids=CRAFTED.keys())
def test_a_crafted_header_costs_no_more_than_others_of_its_length(pattern: str) -> None:
    honest = cost(asking(("a=1, " * LONGEST_HEADER)[:LONGEST_HEADER]))
    assert cost(asking(filled(pattern, length=LONGEST_HEADER))) < 20 * honest


@pytest.mark.parametrize("pattern", CRAFTED.values(), ids=CRAFTED.keys())
def test_a_hundred_long_headers_cost_no_more_than_a_short_one(pattern: str) -> None:
    honest = cost(asking(("a=1, " * LONGEST_HEADER)[:LONGEST_HEADER]))
    assert cost(asking(*[filled(pattern, length=8190)] * 100)) < 20 * honest


def test_a_header_that_is_too_long_is_as_if_it_were_not_there() -> None:
    rest = LONGEST_HEADER - len("wait=10, a=")
    assert wait_wanted(asking("wait=10, a=" + "b" * rest)) == 10
    assert wait_wanted(asking("wait=10, a=" + "b" * (rest + 1))) == 0
