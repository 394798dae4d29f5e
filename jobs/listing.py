"""Lists of jobs, newest first, page by page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, cast

from jobs.connection import reaching_redis
from jobs.job import ID_PATTERN, Job, JobStatus
from jobs.store import Store

#: How many jobs are looked at for one page at most: a filter that fits nothing must not read everything at once.
MOST_LOOKED_AT = 2000

#: How many are read in one round trip.
_CHUNK = 200


#: What a place looks like as a text, as JSON Schema says it.
PLACE_PATTERN = rf"^[0-9]{{1,15}}\.{ID_PATTERN.removeprefix('^')}"


class Place(NamedTuple):
    """A place in the list: of a job, or right after it."""

    #: When it was accepted, Unix time in milliseconds.
    created: int
    job_id: str

    def written(self) -> str:
        """As a text for a client."""
        return f"{self.created}.{self.job_id}"

    @classmethod
    def read(cls, text: str) -> Self:
        """What :meth:`written` wrote.

        Raises:
            ValueError: it is none of these texts.

        """
        if re.fullmatch(PLACE_PATTERN, text) is None:
            raise ValueError(text)
        created, _, job_id = text.partition(".")
        return cls(int(created), job_id)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which jobs a list shall have."""

    #: Whose; None: everybody's.
    caller: str | None
    status: frozenset[JobStatus] = frozenset()
    analysis: str = ""
    batch: str = ""
    #: Accepted from then on and until then, Unix times in milliseconds.
    since: int | None = None
    until: int | None = None
    #: The list goes on after this place.
    after: Place | None = None
    limit: int = 50

    def fits(self, job: Job) -> bool:
        """Whether the job is one of them, as far as its index does not say so."""
        return (
            (not self.status or job.status in self.status)
            and (not self.analysis or job.analysis == self.analysis)
            and (not self.batch or job.batch == self.batch)
        )


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of a list."""

    jobs: tuple[Job, ...]
    #: Where the next page begins; None after the last. A page may be short, even empty, and others follow.
    next: Place | None


def list_jobs(store: Store, wanted: Wanted) -> Page:
    """The jobs that are wanted, newest first; jobs of the same millisecond by their ids.

    Raises:
        StoreUnavailable: Redis can't say now.

    """
    found: list[Job] = []
    looked_at = 0
    last = wanted.after
    for places in _chunks(store, wanted):
        jobs = dict(zip(places, store.find_each([place.job_id for place in places]), strict=True))
        for place, job in jobs.items():
            if len(found) == wanted.limit or looked_at == MOST_LOOKED_AT:
                return Page(jobs=tuple(found), next=last)
            looked_at, last = looked_at + 1, place
            if job is not None and wanted.fits(job):
                found.append(job)
    return Page(jobs=tuple(found), next=None)


def _chunks(store: Store, wanted: Wanted) -> Iterator[list[Place]]:
    """The places of the index from the newest on, in chunks.

    Each read begins where the last one ended, by time and id and never by a number of places, for jobs may be purged
    between two reads. So a millisecond at which one ends is read whole.
    """
    after, newest = wanted.after, "+inf" if wanted.until is None else str(wanted.until)
    if after is not None and (wanted.until is None or after.created <= wanted.until):
        yield from _in_chunks([place for place in _of_millisecond(store, wanted, after.created) if place < after])
        newest = f"({after.created}"
    while places := _places(store, wanted, newest=newest, most=_CHUNK):
        last = places[-1].created
        whole = [place for place in places if place.created > last]
        yield from _in_chunks([*whole, *_of_millisecond(store, wanted, last)])
        newest = f"({last}"


def _in_chunks(places: Sequence[Place]) -> Iterator[list[Place]]:
    for begin in range(0, len(places), _CHUNK):
        yield list(places[begin : begin + _CHUNK])


def _of_millisecond(store: Store, wanted: Wanted, created: int) -> list[Place]:
    """Every place of this millisecond; a batch may have a thousand."""
    return _places(store, wanted, newest=str(created), oldest=created)


def _places(
    store: Store, wanted: Wanted, *, newest: str, oldest: int | None = None, most: int | None = None
) -> list[Place]:
    key = store.keys.jobs if wanted.caller is None else store.keys.jobs_of(wanted.caller)
    bounds = [moment for moment in (wanted.since, oldest) if moment is not None]
    least = str(max(bounds)) if bounds else "-inf"
    begin = None if most is None else 0
    with reaching_redis():
        found = store.redis.zrange(key, newest, least, desc=True, byscore=True, withscores=True, offset=begin, num=most)
    return [Place(int(score), name.decode()) for name, score in cast("list[tuple[bytes, float]]", found)]
