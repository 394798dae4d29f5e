"""What happens to a job: told live as server-sent events, and the lines that it logged.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import Iterator
from contextlib import suppress

import orjson
from flask import Blueprint, Response, request, stream_with_context

from app.access.authentication import check_still_welcome
from app.access.callers import Caller, current_caller
from app.answers import NO_STORE, as_json
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.documents import moment
from app.following.followers import Follower, Followers, deadline_in, left_until
from app.problems import Problem
from app.urls import absolute, result_path
from jobs.api_keys import Scope
from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.events import Event, history, lines

blueprint = Blueprint("events", __name__)

#: A stream asks that often whether its reader's key is still good, however much it has to tell, seconds.
CHECK = 5.0

#: And it says that it is still there where it has told nothing for so long, seconds.
HEARTBEAT = 15.0

#: When a client whose stream broke asks again, milliseconds.
RECONNECT = 2000


@blueprint.get("/jobs/<job_id>/events")
@documented(
    Operation(
        scope=Scope.READ,
        answers={
            200: Answer(
                description="Server-sent events: `status`, `progress`, `log`, at last `completed`; their data is JSON.",
                mimetype="text/event-stream",
                schema="Event",
            ),
            204: Answer(description="The job has ended and everything was told before; don't ask again.", mimetype=""),
        },
        problems=("no-such-job", "malformed-event-id", "store-unavailable"),
        heeds=("Last-Event-ID",),
    )
)
def events(job_id: str) -> Response:
    """Follow a job."""
    at = desk()
    after = _last_event(request.headers.get("Last-Event-ID", ""))
    job = at.job(job_id)
    if job.is_final and after and history(at.store, job_id)[-1].number == after:
        return Response(status=204, headers=[NO_STORE])
    follower = at.followers.follow(job_id)
    news = _News(at.followers, follower, job_id=job_id, after=after)
    stream = Response(
        stream_with_context(_stream(news, follower, result=absolute(result_path(job_id)))),
        mimetype="text/event-stream",
        # Proxies would keep events back until they have enough of them.
        headers=[NO_STORE, ("X-Accel-Buffering", "no")],
    )
    # Closed even where the client went away before the first event.
    stream.call_on_close(lambda: at.followers.leave(job_id, follower))
    return stream


@blueprint.get("/jobs/<job_id>/logs")
@documented(
    Operation(
        scope=Scope.READ,
        answers={200: Answer(description="The lines that the job logged, at most the last 1000.", schema="Logs")},
        problems=("no-such-job", "store-unavailable"),
    )
)
def logs(job_id: str) -> Response:
    """Read what a job logged."""
    at = desk()
    at.job(job_id)
    said = [{"at": moment(line.at), "message": line.message} for line in lines(at.store, job_id)]
    return as_json({"logs": said}, headers=[NO_STORE])


def _last_event(given: str) -> int:
    if not given:
        return 0
    if not (given.isascii() and given.isdecimal() and len(given) <= 15):
        raise Problem("malformed-event-id", "Last-Event-ID is the id of an event of this job, a whole number.")
    return int(given)


class _News:
    """What a reader has not been told of a job yet."""

    def __init__(self, followers: Followers, follower: Follower, *, job_id: str, after: int) -> None:
        self._followers = followers
        self._follower = follower
        self._job_id = job_id
        #: The number of the last event that the reader was told.
        self._after = after

    def take(self) -> Iterator[Event]:
        """The events since the last time; nothing comes after a ``completed``, which is never left out.

        Raises:
            NoSuchJob: it was purged meanwhile.
            StoreUnavailable: Redis can't say now what was missed.

        """
        told, gap = self._follower.take()
        if gap:
            told = self._followers.history(self._job_id)
            if self._after > told[-1].number:
                # What the reader was told is of another job, or Redis has lost it: the story begins anew.
                self._after = 0
        for event in told:
            if event.number > self._after or event.kind == "completed":
                self._after = event.number
                yield event


def _stream(news: _News, follower: Follower, *, result: str) -> Iterator[bytes]:
    """The events as lines, until the job has ended, the client is gone or too slow, or this process stops."""
    # No blank line behind it, nor behind a comment: some clients take that for an event without data.
    yield b"retry: %d\n" % RECONNECT
    caller = current_caller()
    check_at, silent_at = deadline_in(CHECK), deadline_in(HEARTBEAT)
    # A client asks again where a stream breaks off, so an outage in the midst of one ends it.
    with suppress(NoSuchJob, StoreUnavailable, Problem):
        while follower.end is None:
            for event in news.take():
                # Each may have waited for a reader who takes his time.
                check_at = _checked(caller, due=check_at)
                yield _written(event, result=result)
                if event.kind == "completed":
                    return
                silent_at = deadline_in(HEARTBEAT)
            check_at = _checked(caller, due=check_at)
            if not left_until(silent_at):
                yield b": still there\n"
                silent_at = deadline_in(HEARTBEAT)
            follower.wait(left_until(min(check_at, silent_at)))


def _checked(caller: Caller, *, due: float) -> float:
    """When the reader's key is to be looked at again; first it is looked at where that is due.

    Raises:
        Problem: it was revoked meanwhile, or has expired.
        StoreUnavailable: Redis can't tell now.

    """
    if left_until(due):
        return due
    check_still_welcome(caller)
    return deadline_in(CHECK)


def _written(event: Event, *, result: str) -> bytes:
    data = orjson.loads(event.data)
    if "at" in data:
        data["at"] = moment(data["at"])
    if event.kind == "completed":
        data["result"] = result
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.kind.encode(), orjson.dumps(data))
