"""The analyses: what there is, and handing in a job for one."""

from flask import Blueprint, Response, request

from app.answers import as_json
from app.callers import caller
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.documents import analysis_document, analysis_summary
from app.submitting.bodies import read_body
from app.submitting.submission import judge
from app.urls import absolute, job_path

blueprint = Blueprint("analyses", __name__)


@blueprint.get("/analysis")
@documented(Operation(answers={200: Answer(description="Every analysis of the catalog.", schema="Analyses")}))
def catalog() -> Response:
    """List the analyses."""
    return as_json({"analyses": [analysis_summary(analysis) for analysis in desk().catalog.values()]})


@blueprint.get("/analysis/<name>")
@documented(
    Operation(
        answers={200: Answer(description="The analysis and the JSON Schema of its params.", schema="Analysis")},
        problems=("no-such-analysis",),
    )
)
def show(name: str) -> Response:
    """Show an analysis, its params and an example."""
    analysis = desk().analysis(name)
    return as_json(analysis_document(analysis, usual=desk().pace.usual(analysis.name)))


@blueprint.post("/analysis/<name>/run")
@documented(
    Operation(
        answers={
            202: Answer(
                description="Accepted; poll the Location.",
                schema="Job",
                headers=("Location", "Operation-Location", "Retry-After"),
            )
        },
        problems=(
            "no-such-analysis",
            "malformed-body",
            "body-too-large",
            "unsupported-media-type",
            "invalid-request",
            "store-unavailable",
            "storage-unavailable",
            "storage-full",
        ),
    )
)
def run(name: str) -> Response:
    """Hand in a job."""
    at = desk()
    analysis = at.analysis(name)
    submission = judge(read_body(request), analysis=analysis, options=at.options, settings=at.settings, caller=caller())
    job = at.store.submit(submission)
    return at.ticket(job, ("Operation-Location", absolute(job_path(job.id))))
