"""Lists of jobs, newest first, page by page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self, cast

from jobs.connection import reaching_redis
from jobs.job import Job, JobStatus, is_id
from jobs.store import Store

#: How many jobs are looked at for one page at most: a filter that fits nothing must not read everything at once.
MOST_LOOKED_AT = 2000

#: How many are read in one round trip.
_CHUNK = 200


class Place(NamedTuple):
    """A place in the list: of a job, or right after it."""

    #: When it was accepted, Unix time in milliseconds.
    created: int
    job_id: str

    def written(self) -> str:
        """As an opaque text for a client."""
        return urlsafe_b64encode(f"{self.created}.{self.job_id}".encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Self:
        """What :meth:`written` wrote.

        Raises:
            ValueError: it is none of these texts.

        """
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
        created, _, job_id = raw.partition(".")
        if not (created.isdecimal() and len(created) <= 15 and is_id(job_id)):
            raise ValueError(text)
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
    """The places of the index from the newest on, in chunks."""
    after, offset = wanted.after, 0
    while True:
        places = _places(store, wanted, newest=after.created if after else wanted.until, offset=offset)
        # Of the millisecond at which the last chunk ended, some were in it.
        fresh = [place for place in places if after is None or place < after]
        if fresh:
            yield fresh
            after, offset = fresh[-1], 0
        else:
            offset += _CHUNK
        if len(places) < _CHUNK:
            return


def _places(store: Store, wanted: Wanted, *, newest: int | None, offset: int) -> list[Place]:
    key = store.keys.jobs if wanted.caller is None else store.keys.jobs_of(wanted.caller)
    bounds = ("+inf" if newest is None else newest, "-inf" if wanted.since is None else wanted.since)
    with reaching_redis():
        found = store.redis.zrange(key, *bounds, desc=True, byscore=True, withscores=True, offset=offset, num=_CHUNK)
    return [Place(int(score), name.decode()) for name, score in cast("list[tuple[bytes, float]]", found)]
