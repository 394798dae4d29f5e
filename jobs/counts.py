"""The counts of a service: how often what has happened, and how long it took; written by scripts, read for who watches.

They lie in one hash. A field is the words of a count with spaces between: what was counted, then of what, such as
``ended train succeeded``. A histogram has a field for each bucket, named by its upper bound, and one for the sum:
``ran train 500``, ``ran train more``, ``ran train sum``.

=======================================  ===========================================================================
``ended <analysis> <status>``            jobs that have ended
``failed <analysis> <cause>``            those of them that failed
``taken_back <analysis> <why>``          runs that ended without an outcome: the job was queued again
``ran <analysis> …``                     how long the run took that ended a job, ms
``waited <analysis> …``                  how long a job was queued before it was claimed, ms
``lapsed``                               leases that nobody renewed
``resent``                               messages that were lost and sent again
``webhook <state>``                      what a delivery has come to; ``pending``: a call that will be tried again
``http <route> <method> <status>``       requests that were answered
``http_time <route> <method> …``         how long their answers took, µs
``redis_time <role> …``                  how long Redis took to answer, as processes of this role see it, µs
=======================================  ===========================================================================
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

#: Upper bounds of the times of jobs, milliseconds; ``lua/_moves.lua`` has the same.
JOB_BOUNDS = (10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 1800000, 7200000)

#: Upper bounds of the times of requests and of round trips, microseconds.
HTTP_BOUNDS = (1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000, 30000000)
REDIS_BOUNDS = (100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000)

#: The names of what lies above all bounds, and of the sum.
MORE, SUM = "more", "sum"

#: The words of a count that follow what was counted.
Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """How many times lay within each bound."""

    #: Upper bounds, ascending; the last is infinite.
    bounds: tuple[float, ...]
    #: How many lay at or below each of them.
    within: tuple[int, ...]
    #: The sum of all, in the unit of the bounds.
    sum: int


class Counts:
    """The counts as they were at one moment."""

    def __init__(self, fields: Mapping[bytes, bytes]) -> None:
        self._found: dict[str, dict[Words, int]] = defaultdict(dict)
        for field, number in fields.items():
            what, *words = field.decode().split(" ")
            self._found[what][tuple(words)] = int(number)

    def of(self, what: str) -> Mapping[Words, int]:
        """How often it was counted, by the words that follow; empty where it never was."""
        return self._found.get(what, {})

    def times(self, what: str, bounds: Sequence[int]) -> Iterator[tuple[Words, Histogram]]:
        """The histograms of it, by the words that follow."""
        by_words: dict[Words, dict[str, int]] = defaultdict(dict)
        for field, number in self.of(what).items():
            by_words[field[:-1]][field[-1]] = number
        for words, buckets in by_words.items():
            yield words, _histogram(buckets, bounds)


class Times:
    """A histogram that this process adds to until it is handed over."""

    def __init__(self, bounds: Sequence[int]) -> None:
        self._bounds = bounds
        self._buckets = [0] * (len(bounds) + 1)
        self._sum = 0

    def add(self, time: int) -> None:
        """Counts this time, in the unit of the bounds."""
        self._buckets[bisect_left(self._bounds, time)] += 1
        self._sum += time

    def fields(self, of: str) -> Iterator[tuple[str, int]]:
        """What is to be added to the fields of the histogram whose words these are."""
        for bound, number in zip((*self._bounds, MORE), self._buckets, strict=True):
            if number:
                yield f"{of} {bound}", number
        yield f"{of} {SUM}", self._sum


def _histogram(buckets: Mapping[str, int], bounds: Sequence[int]) -> Histogram:
    numbers = [buckets.get(str(bound), 0) for bound in (*bounds, MORE)]
    return Histogram(bounds=(*bounds, float("inf")), within=tuple(accumulate(numbers)), sum=buckets.get(SUM, 0))
