"""The problems that this API reports (RFC 9457): what types there are, and how one becomes an answer.

Source: https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Response

from app.answers import NO_STORE, as_json
from app.urls import absolute, problem_path


@dataclass(frozen=True)
class ProblemType:
    """One type of problem; its slug is the end of its URL."""

    #: The HTTP status that it is answered with.
    status: int
    #: What it is, the same for every occurrence.
    title: str


#: Every type of problem by its slug.
PROBLEM_TYPES: Mapping[str, ProblemType] = {
    "bad-request": ProblemType(400, "The request is not valid HTTP"),
    "malformed-body": ProblemType(400, "The body can't be read"),
    "unauthorized": ProblemType(401, "A valid API key is needed"),
    "forbidden": ProblemType(403, "The API key is not for this"),
    "cross-site-request": ProblemType(403, "A web page of another site can't use this service"),
    "malformed-event-id": ProblemType(400, "The Last-Event-ID is none"),
    "malformed-idempotency-key": ProblemType(400, "The Idempotency-Key can't be read"),
    "invalid-query": ProblemType(400, "The query of the URL has parameters that are not valid"),
    "not-found": ProblemType(404, "There is nothing at this URL"),
    "no-such-analysis": ProblemType(404, "There is no analysis of this name"),
    "no-such-job": ProblemType(404, "There is no such job"),
    "no-webhook": ProblemType(404, "The job has no webhook"),
    "no-such-batch": ProblemType(404, "There is no such batch"),
    "dataset-not-found": ProblemType(404, "There is no such data set"),
    "no-such-attachment": ProblemType(404, "The result has no such figure or file"),
    "result-not-ready": ProblemType(404, "The job has not ended yet"),
    "method-not-allowed": ProblemType(405, "This URL does not know this method"),
    "request-timeout": ProblemType(408, "The request came too slowly"),
    "job-already-ended": ProblemType(409, "The job has ended and can't be canceled"),
    "job-not-ended": ProblemType(409, "The job has not ended yet"),
    "webhook-pending": ProblemType(409, "The webhook is still to be delivered"),
    "job-not-running": ProblemType(409, "The job is not running"),
    "input-expired": ProblemType(410, "The input was kept as long as it is kept"),
    "job-gone": ProblemType(410, "What this Idempotency-Key stands for is no longer known"),
    "job-canceled": ProblemType(410, "The job was canceled"),
    "result-expired": ProblemType(410, "The result was kept as long as it is kept"),
    "body-too-large": ProblemType(413, "The body is too large"),
    "unsupported-media-type": ProblemType(415, "The body is of a type that is not taken"),
    "range-not-satisfiable": ProblemType(416, "The file has no such part"),
    "unknown-host": ProblemType(421, "The service does not go by this name"),
    "invalid-request": ProblemType(422, "The request has fields that are not valid"),
    "idempotency-key-reused": ProblemType(422, "Another request had this Idempotency-Key"),
    "no-such-dataset": ProblemType(422, "There is no such data set, or it can't be used"),
    "unreadable-file": ProblemType(422, "The file can't be read as a table"),
    "analysis-rejected-input": ProblemType(422, "The analysis refused its input"),
    "analysis-failed": ProblemType(424, "The analysis failed"),
    "figure-not-drawn": ProblemType(424, "The figure can't be drawn"),
    "rate-limited": ProblemType(429, "Jobs were submitted faster than is allowed"),
    "too-many-active-jobs": ProblemType(429, "The caller has as many active jobs as is allowed"),
    "internal-error": ProblemType(500, "The service made a mistake"),
    "store-unavailable": ProblemType(503, "The job store can't be used now"),
    "storage-unavailable": ProblemType(503, "The file storage can't be used now"),
    "queue-full": ProblemType(503, "The queue is full"),
    "picture-not-ready": ProblemType(503, "The picture is not drawn yet"),
    "not-ready": ProblemType(503, "The service is not ready"),
    "storage-full": ProblemType(507, "The file storage is full"),
}

#: The media type of a problem.
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """What a view raises to answer with a problem."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        members: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        #: Its type, a key of ``PROBLEM_TYPES``.
        self.slug = slug
        #: What happened this time, and what to do about it.
        self.detail = detail
        #: Further members of the document.
        self.members = members or {}
        #: Further headers of the answer.
        self.headers = headers or {}

    @property
    def type(self) -> ProblemType:
        """What kind of problem it is."""
        return PROBLEM_TYPES[self.slug]


def problem_document(problem: Problem) -> dict[str, object]:
    """The problem as it is sent."""
    return {
        "type": absolute(problem_path(problem.slug)),
        "title": problem.type.title,
        "status": problem.type.status,
        "detail": problem.detail,
        **problem.members,
    }


def as_answer(problem: Problem) -> Response:
    """The answer that reports the problem."""
    headers = [NO_STORE, *problem.headers.items()]
    return as_json(problem_document(problem), status=problem.type.status, headers=headers, mimetype=MEDIA_TYPE)
