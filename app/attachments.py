"""What an analysis attached to its result: figures, as Vega-Lite or drawn, and files."""

import hashlib

from flask import Blueprint, Response, request

from app.conditions import answer_by_condition
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.preferences import wait_for_end
from app.problems import Problem
from app.results import without_result
from jobs.api_keys import Scope
from jobs.job import Attachment, Job, JobStatus
from jobs.pictures import PictureFormat

blueprint = Blueprint("attachments", __name__)

#: How long a request waits for a picture that has to be drawn first, seconds.
DRAWN_WITHIN = 20.0

#: What a figure is sent as, by media type; the first one unless another is preferred.
FORMATS: dict[str, PictureFormat | None] = {
    "application/vnd.vegalite.v6+json": None,
    "application/json": None,
    "image/svg+xml": "svg",
    "image/png": "png",
}

#: The same by the end of the URL.
SUFFIXES: dict[str, str] = {".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json"}

#: Problems that picking up an attachment may meet.
_PROBLEMS = (
    "no-such-job",
    "no-such-attachment",
    "result-not-ready",
    "job-canceled",
    "result-expired",
    "analysis-rejected-input",
    "analysis-failed",
    "store-unavailable",
    "storage-unavailable",
)


@blueprint.get("/resource/<job_id>/figures/<figure>")
@documented(
    Operation(
        scope=Scope.READ,
        answers={
            200: Answer(
                description="The figure: its specification, or a picture by Accept or by .svg or .png behind its name.",
                mimetype=", ".join(FORMATS),
                headers=("ETag", "Vary"),
            ),
            304: Answer(description="The client has it already.", mimetype="", headers=("ETag",)),
        },
        problems=(*_PROBLEMS, "figure-not-drawn", "picture-not-ready"),
        heeds=("Accept", "If-None-Match"),
    )
)
def figure(job_id: str, figure: str) -> Response:
    """Get a figure of a result."""
    job = desk().job(job_id)
    name, mimetype = _wanted(figure)
    found = _attached(job, kind="figure", name=name)
    picture = FORMATS[mimetype]
    content = _content(job, found) if picture is None else _picture(job, found, picture)
    return _sent(content, tag=f"{found.blob} {picture}", mimetype=mimetype, vary="Accept")


@blueprint.get("/resource/<job_id>/files/<file>")
@documented(
    Operation(
        scope=Scope.READ,
        answers={
            200: Answer(
                description="The file.",
                mimetype="*/*",
                headers=("ETag", "Content-Disposition", "Accept-Ranges"),
            ),
            206: Answer(
                description="The part of it that was asked for.", mimetype="*/*", headers=("ETag", "Content-Range")
            ),
            304: Answer(description="The client has it already.", mimetype="", headers=("ETag",)),
        },
        problems=(*_PROBLEMS, "range-not-satisfiable"),
        heeds=("If-None-Match", "Range"),
    )
)
def file(job_id: str, file: str) -> Response:
    """Get a file of a result."""
    job = desk().job(job_id)
    found = _attached(job, kind="file", name=file)
    answer = _sent(_content(job, found), tag=found.blob, mimetype=found.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.name}"'
    return answer


def _wanted(figure: str) -> tuple[str, str]:
    """The name of the figure and the media type that it is wanted in."""
    for suffix, mimetype in SUFFIXES.items():
        if figure.endswith(suffix):
            return figure.removesuffix(suffix), mimetype
    first = next(iter(FORMATS))
    return figure, request.accept_mimetypes.best_match([*FORMATS], first) or first


def _attached(job: Job, *, kind: str, name: str) -> Attachment:
    if job.status is not JobStatus.SUCCEEDED:
        raise without_result(job)
    for each in job.attached:
        if (each.kind, each.name) == (kind, name):
            return each
    raise Problem(
        "no-such-attachment", f"The result has no {kind} {name[:100]!r}; the job's document lists what it has."
    )


def _content(job: Job, attachment: Attachment) -> bytes:
    content = desk().store.attachment(job, attachment)
    if content is None:
        raise without_result(job)
    return content


def _picture(job: Job, attachment: Attachment, picture: PictureFormat) -> bytes:
    """The picture, drawn first where nobody has asked for it before."""
    at = desk()
    content = at.pictures.find(attachment, picture)
    if content is not None:
        return content
    _content(job, attachment)
    drawing = at.pictures.ask_for(job, attachment, picture)
    drawn = wait_for_end(drawing, seconds=DRAWN_WITHIN, followers=at.internal_followers)
    if drawn.failure is not None:
        raise Problem("figure-not-drawn", drawn.failure.message)
    content = at.pictures.find(attachment, picture) if drawn.is_final else None
    if content is None:
        raise Problem("picture-not-ready", "The picture is not drawn yet.", headers={"Retry-After": "5"})
    return content


def _sent(content: bytes, *, tag: str, mimetype: str, vary: str = "") -> Response:
    """The content as an answer, or the part of it that is asked for, or only that the client has it already.

    Raises:
        werkzeug.exceptions.RequestedRangeNotSatisfiable: it has no such part.

    """
    answer = Response(content, content_type=mimetype)
    answer.set_etag(hashlib.sha256(tag.encode()).hexdigest()[:32])
    # It never changes, but it goes: whoever has it asks whether it is still there.
    answer.headers["Cache-Control"] = "private, no-cache"
    # What an author wrote is nothing that this site vouches for: no browser shall run it.
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    if vary:
        answer.vary.add(vary)
    return answer_by_condition(answer, request, length=len(content))
