"""The list of jobs: the caller's own, an administrator's those of everybody; newest first, page by page."""

from datetime import UTC, datetime
from typing import TypedDict
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, Range

from app.access.callers import caller, sees_all
from app.answers import NO_STORE, as_json
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.queries import read_query
from app.urls import absolute
from jobs.api_keys import Scope
from jobs.job import ID_PATTERN, JobStatus, is_id
from jobs.listing import PLACE_PATTERN, Place, Wanted, list_jobs

blueprint = Blueprint("lists", __name__)

#: Most jobs of one page.
MOST = 200


class _Statuses(fields.Field[frozenset[JobStatus]]):
    """Statuses, separated by commas."""

    def _deserialize(self, value: object, attr: str | None, data: object, **_: object) -> frozenset[JobStatus]:
        try:
            return frozenset(JobStatus(name.strip()) for name in str(value).split(","))
        except ValueError:
            raise ValidationError(f"Not one or more of {', '.join(JobStatus)}, separated by commas.") from None


class _Cursor(fields.Field[Place]):
    """A place in the list, as the link to the next page has it."""

    def _deserialize(self, value: object, attr: str | None, data: object, **_: object) -> Place:
        try:
            return Place.read(str(value))
        except ValueError:
            raise ValidationError("Not a cursor; take it from the Link to the next page.") from None


def _is_id(value: str) -> None:
    if not is_id(value):
        raise ValidationError("Not an id.")


class _Asked(TypedDict, total=False):
    """The query as its schema loads it."""

    status: frozenset[JobStatus]
    analysis: str
    batch: str
    since: datetime
    until: datetime
    limit: int
    cursor: Place


def _said(description: str, **schema: object) -> dict[str, object]:
    """What the API's description says of a parameter."""
    return {"description": description, "schema": schema}


_ONE_STATUS = "|".join(JobStatus)

#: The parameters of the list.
QUERY = Schema.from_dict(
    {
        "status": _Statuses(
            metadata=_said(
                "Only jobs of these statuses, separated by commas.",
                type="string",
                pattern=f"^({_ONE_STATUS})(,({_ONE_STATUS}))*$",
            )
        ),
        "analysis": fields.String(
            validate=Length(1, 100),
            metadata=_said("Only jobs of this analysis.", type="string", minLength=1, maxLength=100),
        ),
        "batch": fields.String(
            validate=_is_id,
            metadata=_said("Only jobs of this batch.", type="string", format="uuid", pattern=ID_PATTERN),
        ),
        "since": fields.AwareDateTime(
            format="iso",
            default_timezone=UTC,
            metadata=_said("Only jobs accepted at this time or later.", type="string", format="date-time"),
        ),
        "until": fields.AwareDateTime(
            format="iso",
            default_timezone=UTC,
            metadata=_said("Only jobs accepted at this time or before.", type="string", format="date-time"),
        ),
        "limit": fields.Integer(
            validate=Range(1, MOST),
            metadata=_said("Most jobs of a page.", type="integer", minimum=1, maximum=MOST, default=50),
        ),
        "cursor": _Cursor(
            metadata=_said("Where the page begins, from the Link to it.", type="string", pattern=PLACE_PATTERN)
        ),
    },
    name="JobsQuery",
)()


@blueprint.get("/jobs")
@documented(
    Operation(
        scope=Scope.READ,
        answers={
            200: Answer(
                description="Jobs, newest first. A page may be short, even empty, where a Link leads to the next one.",
                schema="Jobs",
                headers=("Link",),
            )
        },
        problems=("invalid-query", "store-unavailable"),
        query=QUERY,
    )
)
def jobs() -> Response:
    """List jobs."""
    at = desk()
    asked = read_query(request, QUERY, _Asked)
    page = list_jobs(at.store, _wanted(asked))
    headers = [NO_STORE]
    if page.next is not None:
        again = {name: value for name, value in request.args.items() if name != "cursor"}
        where = absolute(f"/jobs?{urlencode({**again, 'cursor': page.next.written()})}")
        headers.append(("Link", f'<{where}>; rel="next"'))
    return as_json({"jobs": [at.document(job) for job in page.jobs]}, headers=headers)


def _wanted(asked: _Asked) -> Wanted:
    return Wanted(
        caller=None if sees_all() else caller(),
        status=asked.get("status", frozenset()),
        analysis=asked.get("analysis", ""),
        batch=asked.get("batch", ""),
        since=_milliseconds(asked.get("since")),
        until=_milliseconds(asked.get("until")),
        after=asked.get("cursor"),
        limit=asked.get("limit", 50),
    )


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
