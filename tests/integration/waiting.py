"""Waiting for a condition with a deadline; no test sleeps for a fixed time and hopes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], *, within: float = 15.0, saying: str = "It did not come true") -> T:
    """What ``look`` returns as soon as that is truthy; fails the test after ``within`` seconds."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{saying} within {within:g} s; last seen: {found!r}")
        time.sleep(0.005)
