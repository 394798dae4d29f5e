"""The counts: their histograms, and that scripts and readers mean the same bounds."""

import re
from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise

import pytest

from jobs.counts import HTTP_BOUNDS, JOB_BOUNDS, REDIS_BOUNDS, Counts, Times


def test_the_scripts_have_the_bounds_of_the_times_of_jobs() -> None:
    source = (files("jobs") / "lua" / "_moves.lua").read_text("utf-8")
    found = re.search(r"^local TIME_BOUNDS = \{(.+)\}$", source, re.MULTILINE)
    assert found is not None
    assert tuple(int(bound) for bound in found[1].split(",")) == JOB_BOUNDS


@pytest.mark.parametrize("bounds", [JOB_BOUNDS, HTTP_BOUNDS, REDIS_BOUNDS])
def test_bounds_ascend(bounds: Sequence[int]) -> None:
    assert all(one < other for one, other in pairwise(bounds))


def test_a_time_is_within_its_own_bound_and_those_above() -> None:
    times = Times((10, 20))
    for time in (0, 10, 11, 20, 21):
        times.add(time)
    fields = {field.encode(): str(number).encode() for field, number in times.fields("ran train")}
    ((words, histogram),) = Counts(fields).times("ran", (10, 20))
    assert words == ("train",)
    assert (histogram.bounds, histogram.within, histogram.sum) == ((10, 20, float("inf")), (2, 4, 5), 62)


def test_counts_are_found_by_their_words() -> None:
    counts = Counts({b"ended train failed": b"2", b"ended train succeeded": b"3", b"lapsed": b"1"})
    assert counts.of("ended") == {("train", "failed"): 2, ("train", "succeeded"): 3}
    assert (counts.of("lapsed"), counts.of("resent")) == ({(): 1}, {})
