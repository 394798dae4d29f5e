"""What a client would like (RFC 7240): how long it waits for a job to end before it is told that it has not.

Source: https://www.rfc-editor.org/rfc/rfc7240
"""

from collections.abc import Callable
from urllib.request import parse_http_list

from flask import Request

from app.following.endings import Ending, Endings
from app.following.followers import Follower, Followers, deadline_in, left_until
from app.problems import Problem
from app.read_ahead import Seen
from app.serving.stopping import stopping
from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.job import Job

#: Longest wait for a job, seconds.
LONGEST_WAIT = 30

#: How long who has handed in a job waits to be told of its end by itself, before following it, seconds.
SOON = 0.5

#: When who waits asks Redis again that did not answer, seconds.
ASK_AGAIN = 0.5

#: Longest ``Prefer`` that is read, all its headers together, characters; honest ones are far shorter.
LONGEST_HEADER = 2048


def wait_wanted(request: Request) -> int:
    """For how many seconds the client waits, at most ``LONGEST_WAIT``; 0 where it says nothing that counts."""
    return wait_in(",".join(request.headers.getlist("Prefer")))


def wait_in(said: str) -> int:
    """The same of what the header says, or all its headers joined by commas.

    A preference that can't be understood is as if it were not there, and of two the first counts (RFC 7240, section 2).
    """
    if len(said) > LONGEST_HEADER:
        return 0
    for preference in parse_http_list(said):
        # What is behind a semicolon are parameters; a wait has none that are known.
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            return _seconds(value.strip())
    return 0


def _seconds(value: str) -> int:
    """The seconds of a wait, which may stand in quotes; 0 where the value is no whole number."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if not (value.isascii() and value.isdecimal() and len(value) <= 9):
        return 0
    return min(int(value), LONGEST_WAIT)


def wait_for_outcome(
    job: Job,
    *,
    seconds: int,
    followers: Followers,
    check: Callable[[], None],
    handed_in: bool,
    ending: Ending | None = None,
) -> Seen:
    """The job after the wait, where who waits may still know of it (``check`` raises else).

    Whoever has handed it in just now gets it as it was then where that fails: without its ticket nobody would find it.
    That wait is kept up where Redis doesn't answer for a while. ``ending`` is how it may hear of the end by itself.

    Raises:
        NoSuchJob: it was purged meanwhile.
        Problem: the key was revoked meanwhile, or has expired.
        StoreUnavailable: Redis does not say what happens now.

    """
    if handed_in and ending is None:
        ending = Ending(Endings(""))
    try:
        seen = _wait(job.id, deadline_in(seconds), followers=followers, ending=ending)
        check()
    except (NoSuchJob, Problem, StoreUnavailable):
        if not handed_in:
            raise
        return Seen(job, None, 0.0)
    return seen


def wait_for_end(job: Job, *, seconds: float, followers: Followers) -> Job:
    """The job as soon as it has ended, or as it is after that many seconds, or when this process stops.

    Raises:
        NoSuchJob: it was purged meanwhile.
        StoreUnavailable: Redis does not say what happens, or at the end of the wait still not what has.

    """
    if job.is_final or not seconds:
        return job
    return _wait(job.id, deadline_in(seconds), followers=followers).job


def _wait(job_id: str, deadline: float, *, followers: Followers, ending: Ending | None = None) -> Seen:
    """The job after the wait; who hears of its end by itself follows it only where that takes longer."""
    if ending is None:
        return _follow(job_id, deadline, followers=followers)
    patience = SOON if ending.is_likely and not stopping() else 0.0
    while (told := ending.wait(min(patience, left_until(deadline)))) is None:
        try:
            seen = _follow(job_id, deadline, followers=followers)
        except StoreUnavailable:
            # Where Redis stands still for a while, what it tells then is heard all the same.
            if stopping() or not left_until(deadline):
                raise
            patience = SOON
            continue
        if seen.job.is_final:
            ending.note_found()
        return seen
    return told


def _follow(job_id: str, deadline: float, *, followers: Followers) -> Seen:
    try:
        follower = followers.follow(job_id, within=left_until(deadline))
    except StoreUnavailable:
        if left_until(deadline):
            raise
        # An answer is due, and how the job stands can perhaps be read.
        return followers.look(job_id)
    try:
        return _told_by(follower, job_id, deadline, followers=followers)
    finally:
        followers.leave(job_id, follower)


def _told_by(follower: Follower, job_id: str, deadline: float, *, followers: Followers) -> Seen:
    while follower.end is None and left_until(deadline):
        events, gap = follower.take()
        try:
            if gap or any(event.kind == "completed" for event in events):
                seen = followers.look(job_id)
                if seen.job.is_final:
                    return seen
        except StoreUnavailable:
            follower.wait(min(ASK_AGAIN, left_until(deadline)))
            follower.tell_of_gap()
        follower.wait(left_until(deadline))
    return followers.look(job_id)
